import { playSeeds } from './seeds.ts'

playSeeds(501, 750)
