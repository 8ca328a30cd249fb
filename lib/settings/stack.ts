import { z } from 'zod'

/** What the stack has beside the fence itself: whom it tells, what it shows, and what is somebody else's already. */

const arn = (service: string, example: string) =>
  z
    .string()
    .regex(
      new RegExp(`^arn:aws[a-z-]*:${service}:[a-z0-9-]+:\\d{12}:\\S+$`),
      `should be an ARN such as "${example}"`,
    )

const email = z.string().regex(/^[^\s@]+@[^\s@]+\.[^\s@]+$/, 'should be an e-mail address')

export const notify = z
  .strictObject({
    emails: z
      .array(email)
      .max(20)
      .default([])
      .describe('Who gets notices and alarms by e-mail; each has to confirm the subscription once'),
    runbook: z
      .string()
      .min(1)
      .max(300)
      .default('docs/runbook.md')
      .describe('Where people find the runbook that alarms and notices point to: an address, or a path'),
  })
  .prefault({})
  .describe('Whom the fence tells')

export const alarms = z
  .boolean()
  .default(true)
  .describe('CloudWatch alarms: on attacks, on what fails, and on sensors and functions that fall silent')

export const dashboard = z
  .boolean()
  .default(false)
  .describe('A CloudWatch dashboard: are we under attack, is it handled, is anything broken')

export const ownKey = z
  .boolean()
  .default(false)
  .describe('A KMS key of the fence’s own for queues and topics, instead of what SQS encrypts with by itself')

const list = z
  .string()
  .regex(/^pl-([0-9a-f]{8}|[0-9a-f]{17})$/, 'should be a prefix list id such as "pl-0a1b2c3d"')
const set = arn('wafv2', 'arn:aws:wafv2:eu-west-1:123456789012:regional/ipset/name/id')

export const existing = z
  .strictObject({
    ledgerTable: z
      .string()
      .regex(/^[\w.-]{3,255}$/, 'should be the name of a DynamoDB table')
      .optional()
      .describe('Name of a DynamoDB table of an earlier stack of this fence, which goes on being its ledger'),
    topic: arn('sns', 'arn:aws:sns:eu-west-1:123456789012:alerts')
      .optional()
      .describe('ARN of an SNS topic that notices and alarms go to'),
    key: arn('kms', 'arn:aws:kms:eu-west-1:123456789012:key/id')
      .optional()
      .describe('ARN of a KMS key to use as the fence’s own; its policy must let the services use it'),
    denyListIpv4: list.optional().describe('Id of a prefix list for `firewalls.denyList`'),
    denyListIpv6: list.optional().describe('The same for IPv6'),
    trustedPeersIpv4: list.optional().describe('Id of a prefix list for `firewalls.trustedPeers`'),
    trustedPeersIpv6: list.optional().describe('The same for IPv6'),
    ipSetIpv4: set.optional().describe('ARN of a WAFv2 IP set for `firewalls.ipSets`'),
    ipSetIpv6: set.optional().describe('The same for IPv6'),
  })
  .prefault({})
  .describe('What is there already and is used instead of being made; it outlives the stack')

export const sidecar = z
  .strictObject({
    folder: z
      .string()
      .min(1)
      .describe('Folder with the tarballs that `npm run package` writes; the deploy uploads them'),
    tag: z
      .strictObject({
        key: z.string().min(1).max(128).default('sipfence:sidecar').describe('Key of the tag'),
        value: z.string().min(1).max(256).optional().describe('Its value; without it, the fence’s id'),
      })
      .prefault({})
      .describe('Instances with this tag get the sidecar'),
  })
  .describe('Keeps the sidecar installed on the PBXs by AWS Systems Manager')
