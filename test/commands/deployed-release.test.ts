import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { releaseFence } from '../../lib/commands/release-fence.ts'
import { ACL } from '../aws/fence-account.ts'
import type { RecordedCall } from '../aws/front.ts'
import { eventually } from '../eventually.ts'
import { type DeployedFixture, deployFence, flat, heldBy, makeForeign } from './deployed-fence.ts'

let fence: DeployedFixture
beforeEach(async () => {
  fence = await deployFence()
  await fence.block('192.0.2.1/32')
  await fence.block('2001:db8:7::/64')
  makeForeign(fence)
  await fence.round()
  expect(heldBy(fence)).toHaveLength(3)
})
afterEach(() => fence.stop())

const RULE_20 = /^network ACL acl-00000000000000000: removed rule 20: deny udp 5060 192\.0\.2\.1\/32$/m

/** The tags that EC2 has of the network ACL. */
function tagCalls(): string[] {
  return fence.aws
    .calls()
    .map(({ action }) => action)
    .filter((action) => action.endsWith('Tags'))
}

describe('sipfence release', () => {
  test('removes what is ours and no more, gives the ACL back, and says what is left and what to do next', async () => {
    const { code, out, err } = await fence.spawned(['release'])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(heldBy(fence)).toEqual(['30 198.51.100.1/32'])
    expect(out).toMatch(RULE_20)
    expect(flat(out)).toMatch(
      /rule 30: deny udp all ports 198\.51\.100\.1\/32 is not the fence's: it was left alone/,
    )
    expect(out).toContain('npx cdk destroy SipFence-f')
    expect(out).not.toContain('may not show yet')
    expect(tagCalls()).toEqual(['CreateTags', 'DeleteTags'])
    expect(await fence.state.mode()).toMatchObject({ mode: 'off', by: expect.stringContaining('@') })
    expect(await fence.state.round()).toMatchObject({ mode: 'off', firewalls: [{ id: ACL, problem: null }] })
    expect(await fence.state.lease()).toBeUndefined()
  })

  test('is harmless the second time, and says that EC2 may not show yet what was written', async () => {
    await fence.sipfence(['release'])
    const { code, out, err } = await fence.sipfence(['release'])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(flat(out)).toMatch(/run sipfence release again after \d\d:\d\d:\d\d UTC/)
    expect(out).not.toMatch(RULE_20)
    expect(heldBy(fence)).toEqual(['30 198.51.100.1/32'])
  })

  test('keeps the functions from putting anything back', async () => {
    await fence.sipfence(['release'])
    await fence.round()
    expect(heldBy(fence)).toEqual(['30 198.51.100.1/32'])
  })

  test('waits for whoever holds the lease', async () => {
    const now = Date.now()
    await fence.state.takeLease({ owner: 'reconcile 7', until: now + 60_000 }, now)
    const releasing = fence.sipfence(['release'])
    const asksWhoHoldsIt = ({ action, parameters }: RecordedCall) =>
      action === 'GetItem' && JSON.stringify(parameters).includes('lease')
    await eventually(() => fence.aws.calls().some(asksWhoHoldsIt))
    expect(heldBy(fence)).toHaveLength(3)
    await fence.state.endLease('reconcile 7')
    const { code, err } = await releasing
    expect({ code, err }).toEqual({ code: 0, err: expect.stringMatching(/reconcile 7 is writing .*waiting/) })
    expect(heldBy(fence)).toEqual(['30 198.51.100.1/32'])
  })

  test('gives up after 90 s of somebody else’s lease, with the fence off', async () => {
    const begun = fence.now
    await fence.state.takeLease({ owner: 'reconcile 7', until: begun + 100_000 }, begun)
    const waiting: string[] = []
    const releasing = releaseFence(fence, {
      by: 'a@b',
      clock: () => fence.now,
      wait: async (ms) => {
        fence.now += ms
      },
      told: () => undefined,
      waiting: (line) => waiting.push(line),
    })
    await expect(releasing).rejects.toThrow(/reconcile 7 has kept the lease .* for 90 s.*try again/)
    expect(waiting).toHaveLength(1)
    expect(fence.now - begun).toBe(90_000)
    expect(heldBy(fence)).toHaveLength(3)
    expect(await fence.state.mode()).toMatchObject({ mode: 'off' })
  })

  test('names what still stands, fails, and keeps the tag', async () => {
    const fault = { kind: 'before', code: 'UnauthorizedOperation', status: 403 } as const
    fence.aws.faults.plan([{ action: 'DeleteNetworkAclEntry', calls: [2], fault }])
    const { code, out, err } = await fence.sipfence(['release'])
    expect(code).toBe(1)
    expect(out).toMatch(RULE_20)
    expect(out).toMatch(/cannot remove rule 21: .* 2001:db8:7::\/64: UnauthorizedOperation/)
    expect(err).toMatch(/acl-00000000000000000: rule 21: .* still stands/)
    expect(heldBy(fence)).toEqual(['21 2001:db8:7::/64', '30 198.51.100.1/32'])
    expect(tagCalls()).toEqual(['CreateTags'])
  })

  test('fails where it cannot tell what stands, and names the network ACL', async () => {
    const fault = { kind: 'before', code: 'UnauthorizedOperation', status: 403 } as const
    fence.aws.faults.plan([{ action: 'DescribeNetworkAcls', fault }])
    const { code, err } = await fence.sipfence(['release'])
    expect({ code, err }).toEqual({ code: 1, err: expect.stringMatching(/acl-0+: UnauthorizedOperation/) })
  })

  test('is done where the network ACL is gone', async () => {
    const gone = 'acl-0123456789abcdef0'
    fence.settle({ id: 'f', region: 'eu-west-1', networkAcls: [{ id: gone }] })
    expect(await fence.sipfence(['release'])).toMatchObject({ code: 0, err: '' })
  })
})
