import type { z } from 'zod'
import { escaped } from './core/escape.ts'
import { fenceSchema, settingsSchema } from './settings/schema.ts'

export { DEFAULTS } from './settings/defaults.ts'

export type Config = z.output<typeof settingsSchema>
export type FenceConfig = Config['fences'][number]
/** One of `fences` as somebody writes it: everything but the id has a default; docs/settings.md tells of each key. */
export type FenceSettings = z.input<typeof fenceSchema>

const LONGEST_NAME = 300
const LONGEST_PROBLEM = 400

/** A settings file that cannot be used; the message lists every problem at once. */
export class ConfigError extends Error {}

/** Reads the text of a `sipfence.json`. Throws ConfigError with every problem, each with its path. */
export function readConfig(name: string, json: string): Config {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (error) {
    const message = escaped((error as Error).message.slice(0, LONGEST_PROBLEM))
    throw new ConfigError(`Cannot read settings "${shown(name)}": not JSON: ${message}`, { cause: error })
  }
  const result = settingsSchema.safeParse(value)
  if (result.success) return result.data
  const problems = result.error.issues.map((issue) => `${pathOf(issue.path)}: ${told(issue, value)}`)
  const lines = problems.map((problem) => `  ${escaped(problem.slice(0, LONGEST_PROBLEM))}`)
  throw new ConfigError(`Cannot use settings "${shown(name)}":\n${lines.join('\n')}`)
}

/** Whatever it was, a name on one line. */
function shown(name: string): string {
  return escaped(name.slice(0, LONGEST_NAME))
}

/** The same for one fence that a program describes. `name` says where, such as the path of a construct. */
export function readFence(name: string, settings: FenceSettings): FenceConfig {
  return readConfig(name, JSON.stringify({ version: 1, fences: [settings] })).fences[0]!
}

/** The settings of a fence about which nothing is said. */
export function defaultFence(id: string): FenceConfig {
  return fenceSchema.parse({ id })
}

function pathOf(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'the file'
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i === 0 ? '' : '.'}${String(part)}`))
    .join('')
}

/** What it should be and what it is. Our own words, which name the value already, are left as they are. */
function told(issue: z.core.$ZodIssue, value: unknown): string {
  const found = foundAt(value, issue.path)
  switch (issue.code) {
    case 'unrecognized_keys':
      return `has no setting ${issue.keys.map((key) => JSON.stringify(key.slice(0, 60))).join(', ')}`
    case 'invalid_type':
      return issue.message.startsWith('should')
        ? `${issue.message}${found}`
        : `should be ${issue.expected}${found}`
    case 'invalid_value':
      if (issue.message.startsWith('should')) return `${issue.message}${found}`
      return `should be ${issue.values.map((each) => JSON.stringify(each)).join(' or ')}${found}`
    case 'too_small':
      return `should be at least ${issue.minimum}${issue.origin === 'array' ? ' long' : ''}${found}`
    case 'too_big':
      return `should be at most ${issue.maximum}${issue.origin === 'array' ? ' long' : ''}${found}`
    case 'custom':
      return issue.message
    default:
      return `${issue.message}${found}`
  }
}

function foundAt(value: unknown, path: readonly PropertyKey[]): string {
  let found = value
  for (const part of path) {
    if (typeof found !== 'object' || found === null) return ''
    found = (found as Record<PropertyKey, unknown>)[part]
  }
  if (found === undefined) return '; it is missing'
  if (typeof found === 'object') return ''
  return `; it is ${JSON.stringify(found).slice(0, 80)}`
}
