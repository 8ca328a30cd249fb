import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { whyDocument } from '../../lib/contract/why.ts'
import { type Address, sourcePrefix } from '../../lib/core/prefix.ts'
import { cloudFormationApi, type LocalStack } from '../aws/cloudformation-api.ts'
import { ROOT } from '../commands/cli.ts'
import { TYPICAL } from '../contract/lockdown.ts'
import { bruteForced, proofsOf, reportOf } from '../core/reports.ts'
import { fenceWith } from '../infra/synth.ts'
import { ACL, accusation, HOST } from './accusations.ts'
import { type Assembly, assemble, type LocalFence, startLocalFence } from './local-fence.ts'

const SETTINGS = {
  id: 'f',
  region: 'eu-west-1',
  vpc: 'vpc-0123456789abcdef0',
  vpcCidrs: ['10.0.0.0/16'],
  mode: 'enforce',
  networkAcls: [{ id: ACL }],
  pbxs: [{ id: HOST, addresses: ['10.0.0.10'] }],
  allow: ['198.51.100.64/26'],
  healthCheckers: [],
  learningSeconds: 0,
  firewalls: {
    denyList: { maxEntries: 100 },
    ipSets: { action: 'block' },
    trustedPeers: { securityGroups: TYPICAL.map(({ id }) => id), maxEntries: 10 },
  },
}
const [FORGED, GUESSER, PHONE] = ['192.0.2.1', '192.0.2.9', '203.0.113.7'].map((text) =>
  sourcePrefix(text as Address),
)

describe('One decision, from a report through the deployed functions', () => {
  let assembly: Assembly
  let fence: LocalFence
  let folder: string
  const stacks: LocalStack[] = []
  beforeAll(async () => {
    assembly = assemble(fenceWith(SETTINGS))
    const groups = TYPICAL.map(({ id, rules }) => ({ id, rules: rules.map(({ tags: _, ...rule }) => rule) }))
    fence = await startLocalFence(assembly.template, {
      hosts: [HOST],
      account: {
        securityGroups: groups,
        networkInterfaces: [
          { id: 'eni-00000000000000001', instanceId: HOST, groupIds: groups.map(({ id }) => id) },
        ],
        apis: [cloudFormationApi(() => stacks)],
      },
    })
    stacks.push({ name: 'SipFence-f', outputs: outputsOf(fence) })
    folder = mkdtempSync(join(tmpdir(), 'sipfence-tiers-'))
    writeFileSync(join(folder, 'sipfence.json'), JSON.stringify({ version: 1, fences: [SETTINGS] }))
  })
  afterAll(async () => {
    await fence?.stop()
    assembly?.remove()
    rmSync(folder, { recursive: true, force: true })
  })

  function outputsOf({ aws }: LocalFence): Record<string, string> {
    const list = (name: string) =>
      [...aws.prefixLists.values()].find((each) => each.describe().name === name)!.id
    return {
      LedgerTable: 'ledger',
      ReportsQueueUrl: aws.queue('sipfence-f-reports').url,
      ReportsDeadQueueUrl: aws.queue('sipfence-f-reports-dead').url,
      ReconcileQueueUrl: aws.queue('sipfence-f-reconcile.fifo').url,
      TopicArn: aws.topicArns[0]!,
      DenyListIpv4: list('sipfence-f-deny-ipv4'),
      DenyListIpv6: list('sipfence-f-deny-ipv6'),
      TrustedPeersIpv4: list('sipfence-f-trusted-ipv4'),
      TrustedPeersIpv6: list('sipfence-f-trusted-ipv6'),
      IpSetIpv4: aws.ipSets.get('sipfence-f-ipv4')!.arn,
      IpSetIpv6: aws.ipSets.get('sipfence-f-ipv6')!.arn,
    }
  }

  /** The built command line, in a process of its own. */
  async function sipfence(...args: string[]): Promise<string> {
    const { endpoint, credentials } = fence.aws
    const env = {
      PATH: process.env['PATH'],
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    }
    const command = [join(ROOT, 'dist/bin/sipfence.js'), ...args]
    return (await promisify(execFile)(process.execPath, command, { cwd: folder, env })).stdout
  }

  function listed(name: string): string[] {
    const list = [...fence.aws.prefixLists.values()].find((each) => each.describe().name === name)!
    return list.entries.map(({ prefix }) => prefix).sort()
  }

  const denied = () =>
    fence.aws.acls
      .get(ACL)!
      .describe()
      .filter(({ ruleNumber, egress }) => ruleNumber < 100 && !egress)
      .map(({ prefix, protocol }) => `${prefix} ${protocol}`)
      .sort()

  test('is placed in every tier where it belongs, and `why` shows it there', async () => {
    const at = Math.floor(Date.now() / 1_000) * 1_000
    await fence.send(
      HOST,
      JSON.stringify({
        ...proofsOf(HOST, 0, PHONE!),
        at,
        proofs: [{ source: PHONE, proof: 'dialog', knownGoodAt: at }],
      }),
    )
    for (const [seq, second] of [at - 1_000, at].entries())
      await fence.send(
        HOST,
        JSON.stringify({ ...reportOf(HOST, 0, bruteForced(GUESSER!)), seq: seq + 1, at: second }),
      )
    await fence.send(HOST, JSON.stringify({ ...accusation(HOST, '192.0.2.1'), seq: 3 }))
    await expect.poll(() => denied()).toEqual(['192.0.2.1/32 17', '192.0.2.9/32 17', '192.0.2.9/32 6'])
    await fence.tick()
    await expect
      .poll(() => listed('sipfence-f-trusted-ipv4'))
      .toEqual(['10.0.0.0/16', '198.51.100.64/26', PHONE])
    await expect.poll(() => listed('sipfence-f-deny-ipv4')).toEqual([FORGED, GUESSER])
    await expect.poll(() => fence.aws.ipSets.get('sipfence-f-ipv4')!.addresses).toEqual([GUESSER])

    const why = whyDocument.parse(JSON.parse(await sipfence('why', '192.0.2.9', '--json')))
    expect(JSON.stringify(why)).toContain('brute-force')
    const text = await sipfence('why', '192.0.2.9')
    for (const words of [ACL, 'sipfence-f-ipv4', 'brute-force', fence.aws.prefixLists.keys().next().value!])
      expect(text).toContain(words)
    const phone = await sipfence('why', '203.0.113.7')
    expect(phone).toMatch(/^Known-good {2}never blocked until [\s\S]*^Trusted {5}in pl-/m)
  })

  test('the door is closed and opened by the command line and the deployed function, and the groups end as they began', async () => {
    const rules = () =>
      [...fence.aws.securityGroups.values()]
        .flatMap((group) => group.rules.map(({ id: _, ...rule }) => JSON.stringify(rule)))
        .sort()
    const began = rules()
    const open = (line: string) =>
      /"(0\.0\.0\.0\/[01]|128\.0\.0\.0\/1|::\/0)"/.test(line) && line.includes('5060')
    expect(rules().filter(open)).toHaveLength(5)
    expect(await sipfence('lockdown', 'on', '--for', '10m')).toMatch(/trusted/)
    await expect.poll(() => rules().filter(open)).toEqual([])
    expect(await sipfence('status')).toMatch(/closed/)
    await sipfence('lockdown', 'off')
    await expect.poll(rules).toEqual(began)
  })
})
