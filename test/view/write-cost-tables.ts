import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withTables } from './cost-tables.ts'

const FILE = join(import.meta.dirname, '../../docs/cost.md')
writeFileSync(FILE, withTables(readFileSync(FILE, 'utf8')))
