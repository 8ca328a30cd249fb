import { z } from 'zod'
import { type Address, type Prefix, parseAddress, parsePrefix } from './core/prefix.ts'

/**
 * Every default in one place, each with its unit and its reason. Numbers of windows stand in their names:
 * 10, 60 and 600 are seconds.
 */
export const DEFAULTS = {
  /** UDP and TCP ports on which the PBX speaks SIP. */
  ports: [5060],
  mode: 'observe',
  limits: {
    /** A phone needs one challenge a request; 300 phones that boot in 10 s follow nearly all of theirs up. */
    challenges10: 100,
    challenges60: 200,
    /** A follow-up may be forged, but not without telling how many challenges reached somebody. */
    followUpShare: 0.02,
    replies10: 300,
    amplifiedReplies10: 100,
    byteRatio: 3,
    /** Twice what common PBX set-ups allow in their own rate limits. */
    requestsPerSecond: 50,
    failures600: 10,
    failedUsers: 3,
    failures10: 50,
  },
  /** Registrations last an hour at most by custom, so 70 minutes show every phone once. */
  learningSeconds: 4_200,
  ladders: {
    unreachableSeconds: [120, 300, 900, 1_800, 3_600],
    reachableSeconds: [600, 1_800, 7_200, 28_800, 86_400, 604_800],
    jitterShare: 0.2,
  },
  /** AWS allows 20 rules a direction and family; the `*` rule and the operator's allow leave 18. */
  reserve: 0,
  window: { firstRule: 20, lastRule: 79 },
  brake: { newlyCovered: 4_096, lifted: 10 },
} as const

const LAST_RULE = 32_766

const text = (what: string) => z.string({ error: `should be ${what}` })

const prefix = text('an address or CIDR such as "192.0.2.0/24"').transform((value, context): Prefix => {
  const parsed = parsePrefix(value)
  if (parsed.ok) return parsed.value
  context.addIssue({ code: 'custom', message: parsed.reason })
  return z.NEVER
})

const address = text('an address such as "10.0.0.10"').transform((value, context): Address => {
  const parsed = parseAddress(value)
  if (parsed.ok) return parsed.value
  context.addIssue({ code: 'custom', message: parsed.reason })
  return z.NEVER
})

const port = z.int().min(1).max(65_535)
const count = z.number().min(1)
const seconds = z.number().min(1).max(604_800)

const limits = z
  .strictObject({
    challenges10: count.default(DEFAULTS.limits.challenges10),
    challenges60: count.default(DEFAULTS.limits.challenges60),
    followUpShare: z.number().min(0).max(0.5).default(DEFAULTS.limits.followUpShare),
    replies10: count.default(DEFAULTS.limits.replies10),
    amplifiedReplies10: count.default(DEFAULTS.limits.amplifiedReplies10),
    byteRatio: count.default(DEFAULTS.limits.byteRatio),
    requestsPerSecond: count.default(DEFAULTS.limits.requestsPerSecond),
    failures600: count.default(DEFAULTS.limits.failures600),
    failedUsers: count.default(DEFAULTS.limits.failedUsers),
    failures10: count.default(DEFAULTS.limits.failures10),
  })
  .prefault({})

const ladders = z
  .strictObject({
    unreachableSeconds: z
      .array(seconds.max(3_600))
      .min(1)
      .default([...DEFAULTS.ladders.unreachableSeconds]),
    reachableSeconds: z
      .array(seconds)
      .min(1)
      .default([...DEFAULTS.ladders.reachableSeconds]),
    jitterShare: z.number().min(0).max(0.2).default(DEFAULTS.ladders.jitterShare),
  })
  .prefault({})

const ruleNumber = z.int().min(1).max(LAST_RULE)

const networkAcl = z
  .strictObject({
    id: z.string().regex(/^acl-[0-9a-f]+$/, 'should be a network ACL id such as "acl-0a1b2c3d"'),
    firstRule: ruleNumber.default(DEFAULTS.window.firstRule),
    lastRule: ruleNumber.default(DEFAULTS.window.lastRule),
  })
  .refine(({ firstRule, lastRule }) => firstRule <= lastRule, 'firstRule should not be above lastRule')

const fence = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, 'should be 1 to 31 of a-z, 0-9 and "-", a letter first'),
  account: z
    .string()
    .regex(/^\d{12}$/, 'should be an AWS account id of 12 digits')
    .optional(),
  region: z.string().min(1).optional(),
  vpc: z
    .string()
    .regex(/^vpc-[0-9a-f]+$/, 'should be a VPC id such as "vpc-0a1b2c3d"')
    .optional(),
  /** Address ranges of the VPC: never blocked. */
  vpcCidrs: z.array(prefix).default([]),
  mode: z.enum(['observe', 'enforce']).default(DEFAULTS.mode),
  /** The PBXs' own addresses, private and public: never blocked. */
  pbxs: z
    .array(z.strictObject({ id: z.string().min(1).optional(), addresses: z.array(address).min(1) }))
    .default([]),
  /** Never blocked: carriers, offices, monitoring. */
  allow: z.array(prefix).default([]),
  healthCheckers: z.array(prefix).default([]),
  ports: z
    .array(port)
    .min(1)
    .max(20)
    .default([...DEFAULTS.ports]),
  networkAcls: z.array(networkAcl).default([]),
  limits,
  learningSeconds: z.number().min(0).max(86_400).default(DEFAULTS.learningSeconds),
  ladders,
  reserve: z.int().min(0).max(38).default(DEFAULTS.reserve),
  brake: z
    .strictObject({
      newlyCovered: count.default(DEFAULTS.brake.newlyCovered),
      lifted: count.default(DEFAULTS.brake.lifted),
    })
    .prefault({}),
})

const schema = z
  .strictObject({ version: z.literal(1, { error: 'should be 1' }), fences: z.array(fence).min(1) })
  .superRefine(({ fences }, context) => {
    const seen = new Set<string>()
    for (const [index, { id }] of fences.entries()) {
      if (seen.has(id))
        context.addIssue({ code: 'custom', path: ['fences', index, 'id'], message: 'is used twice' })
      seen.add(id)
    }
  })

export type Config = z.output<typeof schema>
export type FenceConfig = Config['fences'][number]

/** A settings file that cannot be used; the message lists every problem at once. */
export class ConfigError extends Error {}

/** Reads the text of a `sipfence.json`. Throws ConfigError with every problem, each with its path. */
export function readConfig(name: string, json: string): Config {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (error) {
    throw new ConfigError(`Cannot read settings "${name}": not JSON: ${(error as Error).message}`, {
      cause: error,
    })
  }
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const problems = result.error.issues.map((issue) => `  ${pathOf(issue.path)}: ${told(issue, value)}`)
  throw new ConfigError(`Cannot use settings "${name}":\n${problems.join('\n')}`)
}

/** The settings of a fence about which nothing is said. */
export function defaultFence(id: string): FenceConfig {
  return fence.parse({ id })
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
