import { assert } from './assert.ts'
import { exec } from './exec.ts'
import { file } from './file.ts'
import type { ResourceType } from './type.ts'

/**
 * Every resource type by name. A new type is a file, a test and a line here. Attributes are checked against the type's
 * own schema before any of its functions sees them (converge/prepare.ts).
 */
export const RESOURCE_TYPES: Readonly<Record<string, ResourceType>> = { assert, exec, file }
