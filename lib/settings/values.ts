import { z } from 'zod'
import { type Address, bitsOf, type Prefix, parseAddress, parsePrefix } from '../core/prefix.ts'

/** The kinds of values that settings are made of. Messages say what a value should be; what it is, is told later. */

const text = (what: string) => z.string({ error: `should be ${what}` })

/** An address or CIDR, as the canonical prefix. */
export const prefix = text('an address or CIDR such as "192.0.2.0/24"').transform(
  (value, context): Prefix => {
    const parsed = parsePrefix(value)
    if (parsed.ok) return parsed.value
    context.addIssue({ code: 'custom', message: parsed.reason })
    return z.NEVER
  },
)

/** No network is wider than this; a lockdown takes what is wider for the public, too. */
const WIDEST = { 4: 8, 6: 16 } as const

/** A prefix that is never blocked: whatever attacks from within it is not, either. */
export const allowed = prefix.superRefine((value, context) => {
  const { family, length } = bitsOf(value)
  if (length >= WIDEST[family]) return
  const message = `should be a /${WIDEST[family]} or narrower, because whoever attacks from it is never blocked; it is "${value}"`
  context.addIssue({ code: 'custom', message })
})

/** One address, as canonical text. */
export const address = text('an address such as "10.0.0.10"').transform((value, context): Address => {
  const parsed = parseAddress(value)
  if (parsed.ok) return parsed.value
  context.addIssue({ code: 'custom', message: parsed.reason })
  return z.NEVER
})

/** `eu-west-1`, `us-gov-west-1`, `cn-north-1`: neither a part of one nor an availability zone. */
export const region = z
  .string()
  .regex(/^[a-z]{2,}(-[a-z]+)+-\d{1,2}$/, 'should be an AWS region such as "eu-west-1"')

/** An id of EC2's: 8 hexadecimal digits on what is old, 17 on what is not. */
export const ec2Id = (kind: string, what: string) =>
  z
    .string()
    .regex(
      new RegExp(`^${kind}-([0-9a-f]{8}|[0-9a-f]{17})$`),
      `should be a ${what} id such as "${kind}-0a1b2c3d"`,
    )

/** A UDP or TCP port. */
export const port = z.int().min(1).max(65_535)

/** How many of something make the difference: at least 1. */
export const count = z.number().min(1)

/** How long something lasts: one second to a week. */
export const seconds = z.number().min(1).max(604_800)

/** A number that AWS lets a rule of a network ACL have; what is above is AWS's own. */
export const ruleNumber = z.int().min(1).max(32_766)
