import { EC2Client } from '@aws-sdk/client-ec2'
import { ServiceQuotasClient } from '@aws-sdk/client-service-quotas'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { NetworkAclFirewall } from '../../lib/aws/network-acl.ts'
import { RULES_PER_NETWORK_ACL, rulesQuota } from '../../lib/aws/rules-quota.ts'
import { DEFAULTS } from '../../lib/config.ts'
import { requestOf } from '../../lib/local/acl-entry.ts'
import { type Arranged, blockOf, fenceOver, firewallContract } from '../contract/firewall.ts'
import { onePrefix } from '../core/arbitraries.ts'
import { search } from '../search.ts'
import type { Fault } from './faults.ts'
import { type LocalAws, type LocalAwsOptions, startLocalAws } from './local-aws.ts'

const ID = 'acl-00000000000000000'

interface OverAws extends Arranged {
  readonly aws: LocalAws
  /** The clock that the adapter goes by. */
  now: number
}

/** The adapter over a local AWS that the real SDK talks to. The SDK does not retry, unless told. */
async function overAws(options: LocalAwsOptions = {}, attempts = 1): Promise<OverAws> {
  const aws = await startLocalAws(options)
  const { endpoint, region, credentials } = aws
  const client = { endpoint, region, credentials, maxAttempts: attempts, retryMode: 'standard' }
  const ec2 = new EC2Client(client)
  const quotas = new ServiceQuotasClient(client)
  const over: OverAws = {
    aws,
    now: 0,
    acl: aws.acls.get(ID)!,
    firewall: new NetworkAclFirewall({
      id: ID,
      window: DEFAULTS.window,
      fence: 'f',
      ec2,
      rulesQuota: rulesQuota(quotas, RULES_PER_NETWORK_ACL, () => over.now),
      clock: () => over.now,
    }),
    stop: async () => {
      ec2.destroy()
      quotas.destroy()
      await aws.stop()
    },
  }
  return over
}

firewallContract('EC2, by the SDK and a local AWS', (quota = 20) => overAws({ rulesQuota: quota }))

describe('the network ACL adapter', () => {
  let over: OverAws | undefined
  afterEach(async () => {
    await over?.stop()
    over = undefined
  })

  test('does not do again what EC2 acknowledged and does not show yet', async () => {
    let age = 0
    const started = await overAws({ staleReadsMs: () => age, now: () => over?.now ?? 0 })
    over = started
    const { block, round, held } = fenceOver(started)
    started.now = 1_000_000
    await block(blockOf('192.0.2.7/32'))
    age = 500_000
    await round()
    started.now += 60_000
    expect((await round(1)).outcomes).toEqual([])
    await round(10)
    started.now += 60_000
    expect((await round(11)).outcomes).toEqual([])
    expect(held()).toEqual([])
  })

  test('puts back after five minutes what somebody deleted', async () => {
    const started = await overAws()
    over = started
    const { block, round, held } = fenceOver(started)
    await block(blockOf('192.0.2.7/32'))
    await round()
    started.acl.remove(20, false)
    started.now += 299_999
    await round(5)
    expect(held()).toEqual([])
    started.now += 1
    await round(5)
    expect(held()).toEqual(['20 deny 192.0.2.7/32 17 5060-5060'])
  })

  test('sees at once that somebody edited an entry of ours, and leaves it to him', async () => {
    const started = await overAws()
    over = started
    const { block, round, held } = fenceOver(started)
    await block(blockOf('192.0.2.7/32'))
    await round()
    const prefix = onePrefix('198.51.100.9/32')
    started.acl.replace(
      requestOf({ ruleNumber: 20, prefix, protocol: 6, ports: null, action: 'deny', egress: false }),
    )
    const { plan } = await round(1)
    expect(plan.foreign).toMatchObject([{ ruleNumber: 20, prefix }])
    expect(held()).toEqual(['20 deny 198.51.100.9/32 6 *', '21 deny 192.0.2.7/32 17 5060-5060'])
  })

  test('takes no entry away while the quota cannot be told', async () => {
    const started = await overAws({ rulesQuota: 40 })
    over = started
    const { block, round, held } = fenceOver(started)
    await block(...Array.from({ length: 30 }, (_, i) => blockOf(`192.0.2.${i}/32`)))
    await round()
    const fresh = await adapterWithoutQuota(started)
    expect((await fenceOver({ ...started, firewall: fresh }).round()).plan.changes).toEqual([])
    expect(held()).toHaveLength(30)
    expect((await fresh.read()).rulesQuota).toBeGreaterThanOrEqual(32)
  })

  async function adapterWithoutQuota(started: OverAws): Promise<NetworkAclFirewall> {
    const { endpoint, region, credentials } = started.aws
    const ec2 = new EC2Client({ endpoint, region, credentials, maxAttempts: 1 })
    const unknown = async () => undefined
    return new NetworkAclFirewall({
      id: ID,
      window: DEFAULTS.window,
      fence: 'f',
      ec2,
      rulesQuota: unknown,
      clock: () => 0,
    })
  }

  test('asks for the quota once in ten minutes', async () => {
    const started = await overAws()
    over = started
    for (const minute of [0, 1, 9, 10, 11]) {
      started.now = minute * 60_000
      await started.firewall.read()
    }
    expect(started.aws.calls().filter(({ action }) => action === 'GetServiceQuota')).toHaveLength(2)
  })

  test('marks the ACL as its fence, refuses it to another one, and gives it free', async () => {
    const started = await overAws()
    over = started
    const { endpoint, region, credentials } = started.aws
    const ec2 = new EC2Client({ endpoint, region, credentials, maxAttempts: 1 })
    const more = { window: DEFAULTS.window, ec2, rulesQuota: async () => 20, clock: () => 0 }
    const another = new NetworkAclFirewall({ id: ID, fence: 'g', ...more })
    await another.read()
    const { block, round } = fenceOver(started)
    await block(blockOf('192.0.2.7/32'))
    await round()
    await expect(another.read()).rejects.toThrow(/belongs to fence "f".*not "g"/)
    await new NetworkAclFirewall({ id: ID, fence: 'f', ...more }).release()
    expect((await another.read()).entries.map(({ ruleNumber }) => ruleNumber)).toContain(20)
    ec2.destroy()
  })

  test('throws where the ACL belongs to another VPC', async () => {
    const started = await overAws()
    over = started
    const { endpoint, region, credentials } = started.aws
    const ec2 = new EC2Client({ endpoint, region, credentials, maxAttempts: 1 })
    const options = {
      id: ID,
      window: DEFAULTS.window,
      fence: 'f',
      ec2,
      rulesQuota: async () => 20,
      clock: () => 0,
    }
    await new NetworkAclFirewall({ ...options, vpc: 'vpc-0123456789abcdef0' }).read()
    const elsewhere = new NetworkAclFirewall({ ...options, vpc: 'vpc-0bad' })
    await expect(elsewhere.read()).rejects.toThrow(
      /belongs to vpc-0123456789abcdef0, and the fence to vpc-0bad/,
    )
    ec2.destroy()
  })

  test('throws where the ACL is not there', async () => {
    const started = await overAws({ acls: [{ id: 'acl-11111111' }] }).catch((error) => Promise.reject(error))
    over = started
    await expect(started.firewall.read()).rejects.toThrow(/acl-00000000000000000/)
  })
})

describe('an answer that lacks what every ACL has is refused:', () => {
  test.each([
    ['no ACL', 'networkAclSet'],
    ['no entries', 'entrySet'],
    ['no inbound entries', 'egress'],
    ['an entry without its number', 'ruleNumber'],
    ['an entry without its protocol', 'protocol'],
    ['an entry without its CIDR', 'cidrBlock'],
  ])('%s', async (_, element) => {
    const { aws, firewall, stop } = await overAws()
    try {
      aws.faults.plan([{ action: 'DescribeNetworkAcls', fault: { kind: 'without', element } }])
      await expect(firewall.read()).rejects.toThrow(/^Cannot read network ACL acl-0+: /)
    } finally {
      await stop()
    }
  })
})

describe('a fault at any call of a round,', () => {
  const faults: readonly Fault[] = [
    { kind: 'before' },
    { kind: 'before', drop: true },
    { kind: 'after' },
    { kind: 'lost' },
    { kind: 'throttle' },
  ]

  test('whichever and however many: a clean round converges, and a second one changes nothing', async () => {
    await search(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.constantFrom(1, 3),
        async (seed, attempts) => {
          const started = await overAws({ seed }, attempts)
          try {
            await converges(started)
          } finally {
            await started.stop()
          }
        },
      ),
      { seed: 6, numRuns: 20, endOnFailure: true },
    )
  })

  async function converges(started: OverAws): Promise<void> {
    const { aws, acl } = started
    const { block, round, held, ledger } = fenceOver(started)
    const hers = { ruleNumber: 25, prefix: onePrefix('198.51.100.1/32'), protocol: 17, ports: null } as const
    acl.create(requestOf({ ...hers, action: 'deny', egress: false }))
    await block(...Array.from({ length: 6 }, (_, i) => blockOf(`192.0.2.${i}/32`, 100 + i)))
    await round()
    aws.faults.plan((_, random) =>
      random() < 0.4 ? faults[Math.floor(random() * faults.length)] : undefined,
    )
    for (let i = 0; i < 6; i++)
      await ledger.keepBlock({ ...blockOf(`192.0.2.${i}/32`), until: 1_800_000_030_000 })
    await block(
      ...Array.from({ length: 4 }, (_, i) =>
        blockOf(`203.0.113.${i}/32`, 500 + i, i % 2 ? 'sip' : 'sip-udp'),
      ),
    )
    for (const minute of [1, 2]) {
      started.now = minute * 60_000
      await round(minute).catch(() => undefined)
    }
    aws.faults.clear()
    started.now = 20 * 60_000 // past the lag of reads
    await round(3)
    const settled = held()
    expect(settled.map((line) => line.replace(/^\d+ deny /, '')).sort()).toEqual([
      '198.51.100.1/32 17 *',
      '203.0.113.0/32 17 5060-5060',
      '203.0.113.1/32 17 5060-5060',
      '203.0.113.1/32 6 5060-5060',
      '203.0.113.2/32 17 5060-5060',
      '203.0.113.3/32 17 5060-5060',
      '203.0.113.3/32 6 5060-5060',
    ])
    started.now += 600_000
    expect((await round(4)).outcomes).toEqual([])
    expect(held()).toEqual(settled)
  }
})
