import { z } from 'zod'
import { type Address, type Prefix, parseAddress, parsePrefix } from '../core/prefix.ts'

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

/** One address, as canonical text. */
export const address = text('an address such as "10.0.0.10"').transform((value, context): Address => {
  const parsed = parseAddress(value)
  if (parsed.ok) return parsed.value
  context.addIssue({ code: 'custom', message: parsed.reason })
  return z.NEVER
})

/** A UDP or TCP port. */
export const port = z.int().min(1).max(65_535)

/** How many of something make the difference: at least 1. */
export const count = z.number().min(1)

/** How long something lasts: one second to a week. */
export const seconds = z.number().min(1).max(604_800)

/** A number that AWS lets a rule of a network ACL have; what is above is AWS's own. */
export const ruleNumber = z.int().min(1).max(32_766)
