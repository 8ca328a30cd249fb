import fc from 'fast-check'
import type { Entry } from '../../lib/core/entry.ts'
import type { IngressRule } from '../../lib/core/ingress-rule.ts'
import type { GroupState } from '../../lib/core/lockdown.ts'
import type { Address } from '../../lib/core/prefix.ts'
import { found, type Looked, type Surroundings, type TargetFound } from '../../lib/core/surroundings.ts'
import { onePrefix, prefix } from './arbitraries.ts'

/** Random surroundings of an instance, for property tests: about one look in six fails. */

const ports = fc.oneof(
  fc.constantFrom(null, { from: 5060, to: 5060 }, { from: 5060, to: 5061 }, { from: 5000, to: 5200 }),
  fc.tuple(fc.nat(65_535), fc.nat(200)).map(([from, more]) => ({ from, to: Math.min(65_535, from + more) })),
)
const rule: fc.Arbitrary<IngressRule> = fc.record({
  protocol: fc.constantFrom(17, 6, -1, 1),
  ports,
  source: fc.oneof(
    fc
      .oneof(
        prefix,
        fc.constantFrom(...['0.0.0.0/0', '::/0', '32.0.0.0/7', '2000::/3', '10.0.0.0/8'].map(onePrefix)),
      )
      .map((value) => ({ kind: 'prefix' as const, prefix: value })),
    fc.constant({ kind: 'group' as const, id: 'sg-00000000000000009' }),
  ),
  description: fc.constantFrom('', 'SIP', 'sip trunk', 'gossip', 'web'),
  tags: fc.constant({}),
})
const group = (id: string): fc.Arbitrary<GroupState> =>
  fc.record({
    id: fc.constant(id),
    rules: fc.array(rule, { maxLength: 6 }),
    weight: fc.record({ 4: fc.nat(70), 6: fc.nat(70) }),
    rulesQuota: fc.constantFrom(20, 60, 200),
    opensOut: fc.constant({ 4: true, 6: true }),
    isOurs: fc.constant(false),
  })
/** Two security groups, some of whose rules are about SIP. */
export const groups = fc.tuple(group('sg-00000000000000001'), group('sg-00000000000000002'))

const looked = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<Looked<T>> =>
  fc.oneof(
    { weight: 5, arbitrary: value.map(found) },
    { weight: 1, arbitrary: fc.constant({ kind: 'unknown' as const, why: 'denied' }) },
  )
const entry: fc.Arbitrary<Entry> = fc.record({
  ruleNumber: fc.integer({ min: 1, max: 110 }),
  action: fc.constantFrom<Entry['action']>('allow', 'deny'),
  prefix,
  protocol: fc.constantFrom(-1, 17, 6, 1),
  ports: fc.constantFrom(null, { from: 5060, to: 5060 }),
})
const target: fc.Arbitrary<TargetFound> = fc.record({
  group: fc.string(),
  protocol: fc.constantFrom('UDP', 'TCP', 'TLS', 'HTTPS'),
  port: fc.constantFrom(5060, 443),
  keepsSource: fc.constantFrom(true, false, null),
  isIpv6: fc.boolean(),
  balancers: fc.constant([]),
})
const accelerator = fc.record({
  name: fc.string(),
  arn: fc.string(),
  enabled: fc.boolean(),
  endpoint: fc.string(),
  keepsSource: fc.boolean(),
  ports: fc.constantFrom([{ from: 5060, to: 5060 }], [{ from: 443, to: 443 }]),
})
export const surroundings: fc.Arbitrary<Surroundings> = fc.record({
  region: fc.constant('eu-west-1'),
  instance: fc.record({
    id: fc.constant('i-0123456789abcdef0'),
    account: fc.constant('123456789012'),
    name: fc.option(fc.string({ unit: 'binary' })),
    vpc: fc.constant('vpc-0123456789abcdef0'),
    subnets: fc.constant(['subnet-1']),
    addresses: fc.constant(['10.0.0.10' as Address]),
    profile: fc.constant(null),
  }),
  role: looked(fc.constantFrom(null, 'role')),
  vpcCidrs: looked(fc.constant([onePrefix('10.0.0.0/16')])),
  networkAcls: looked(
    fc
      .record({
        id: fc.constant('acl-0123456789abcdef0'),
        subnets: fc.constant(['subnet-1']),
        claimedBy: fc.constantFrom(null, null, 'other'),
        entries: fc.uniqueArray(entry, { selector: ({ ruleNumber }) => ruleNumber, maxLength: 25 }),
      })
      .map((acl) => [acl]),
  ),
  aclQuota: looked(fc.constantFrom(20, 40)),
  groupQuota: looked(fc.constant(60)),
  groups: looked(groups),
  neighbours: looked(fc.constant([])),
  targets: looked(fc.array(target, { maxLength: 2 })),
  accelerators: looked(fc.array(accelerator, { maxLength: 2 })),
})
