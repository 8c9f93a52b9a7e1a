import { playSeeds } from './seeds.ts'

playSeeds(751, 1000)
