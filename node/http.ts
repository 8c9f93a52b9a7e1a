/**
 * node:http without what `import` of it costs: importing reads its every export, and one of them loads all of undici
 * (30 ms for every `chorus status`, 2 MB in every daemon; bench/cli-start.ts).
 */
export const http = process.getBuiltinModule('node:http')
