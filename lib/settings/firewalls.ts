import { z } from 'zod'
import { isTimeZone } from '../core/office-hours.ts'
import { DEFAULTS } from './defaults.ts'
import { ec2Id } from './values.ts'

/** What is used beside network ACLs. What is not named is neither made nor used. */

const { denyList: DENY_LIST, trustedPeers: TRUSTED } = DEFAULTS

const entries = z.int().min(1).max(1_000)
const begins = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'should be a time such as "08:00", at most 23:59')
const ends = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'should be a time such as "18:00", at most 24:00')
const day = z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'])

const denyList = z
  .strictObject({
    maxEntries: entries
      .default(DENY_LIST.maxEntries)
      .describe(
        'Prefixes that each list can hold, 1 to 1,000, when it is made; what refers to a list pays for all of them',
      ),
  })
  .describe('Prefix lists of all blocked sources, IPv4 and IPv6, for AWS Network Firewall to refer to')

const ipSets = z
  .strictObject({
    action: z
      .enum(['count', 'block'])
      .default('count')
      .describe('What the rule group does with requests from blocked sources: "count" only counts them'),
  })
  .describe(
    'WAFv2 IP sets of blocked sources that are proven to be real, and a rule group that refers to them',
  )

const officeHours = z
  .strictObject({
    timeZone: z
      .string()
      .refine(isTimeZone, { error: 'should be an IANA time zone such as "Europe/Berlin"' })
      .describe('IANA time zone, such as "Europe/Berlin"'),
    days: z
      .array(day)
      .min(1)
      .default([...TRUSTED.days])
      .describe('Days of the week: mon, tue, wed, thu, fri, sat, sun'),
    from: begins.describe('When they begin, such as "08:00"'),
    to: ends.describe(
      'When they end, such as "18:00", at most "24:00"; earlier than `from` is on the next day',
    ),
  })
  .refine(({ from, to }) => from !== to, {
    error: 'should end at another time than they begin: else there are none, and the door is always closed',
  })
  .describe('With `sipfence lockdown auto` the door is closed outside these hours')

const widest = z
  .strictObject({
    ipv4: z.int().min(8).max(32).default(TRUSTED.widest.ipv4).describe('Bits of an IPv4 prefix, 8 to 32'),
    ipv6: z.int().min(16).max(64).default(TRUSTED.widest.ipv6).describe('Bits of an IPv6 prefix, 16 to 64'),
  })
  .prefault({})
  .describe('The widest prefix in which trusted peers may share an entry where there are too many')

const trustedPeers = z
  .strictObject({
    securityGroups: z
      .array(ec2Id('sg', 'security group'))
      .min(1)
      .describe('The PBXs’ security groups in which a lockdown may swap the public rules for SIP'),
    maxEntries: entries
      .default(TRUSTED.maxEntries)
      .describe(
        'Prefixes that each list can hold, 1 to 1,000, when it is made; a security group pays for all of them with each rule',
      ),
    widest,
    officeHours: officeHours.optional(),
  })
  .describe(
    'Prefix lists of the allowlist, the VPC and whoever is known-good, and the lockdown that lets in only them',
  )

export const firewalls = z
  .strictObject({
    denyList: denyList.optional(),
    ipSets: ipSets.optional(),
    trustedPeers: trustedPeers.optional(),
  })
  .prefault({})
  .describe('What is used beside network ACLs')
