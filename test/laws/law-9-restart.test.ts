import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TCP, UDP } from '../../lib/core/entry.ts'
import type { Address } from '../../lib/core/prefix.ts'
import { denialsOf, portRanges } from '../../lib/core/wanted.ts'
import { requestOf } from '../../lib/local/acl-entry.ts'
import { ACL, type FenceAccount, openFenceAccount } from '../aws/fence-account.ts'
import { held } from '../contract/firewall.ts'
import { onePrefix } from '../core/arbitraries.ts'
import { NOW } from '../core/reports.ts'
import { search } from '../search.ts'
import { Life, type Place, type Step, stepOf } from './law-9-life.ts'

const HERS = '25 deny 198.51.100.1/32 17 *'

/** Some blocks are in force, so that there is something to lose. */
const IN_FORCE: readonly Step[] = [
  ...[0, 1, 4, 5].map((which) => ({ kind: 'block', which, minutes: 20 + which }) as const),
  { kind: 'round', death: null },
]

function networkAcl({ aws }: FenceAccount): Place {
  return {
    name: 'the network ACL',
    wants: ({ scope }, ports) =>
      (scope === 'sip' ? [UDP, TCP] : [UDP]).flatMap((protocol) =>
        ports.map((port) => `${protocol} ${port}`),
      ),
    denies: ({ prefix }, what) => {
      const [protocol, port] = what.split(' ').map(Number)
      const address = prefix.replace(/\/.*/, '') as Address
      const packet = { egress: false, address, protocol: protocol!, port: port! }
      return aws.acls.get(ACL)!.evaluate(packet).action === 'deny'
    },
  }
}

function putHers({ aws }: FenceAccount): void {
  const hers = { ruleNumber: 25, prefix: onePrefix('198.51.100.1/32'), protocol: 17, ports: null } as const
  aws.acls.get(ACL)!.create(requestOf({ ...hers, action: 'deny', egress: false }))
}

const lines = ({ aws }: FenceAccount) => held(aws.acls.get(ACL)!)
const withoutNumber = (line: string) => line.replace(/^\d+ deny /, '')

function writesSince({ aws }: FenceAccount, calls: number): string[] {
  const made = aws.calls().slice(calls)
  return made
    .filter(({ service, action }) => service !== 'dynamodb' && !/^(Describe|Get)/.test(action))
    .map(({ action }) => action)
}

/** Within two clean rounds everything is as desired, and a third one changes nothing; off leaves what is not ours. */
async function expectConverges(life: Life, account: FenceAccount): Promise<void> {
  await life.setMode('enforce')
  life.startAnew()
  await life.cleanRound()
  await life.cleanRound()
  const wanted = life
    .desired()
    .flatMap(({ prefix, scope }) => denialsOf(prefix, scope, portRanges(life.ports)))
    .map(({ prefix, protocol, ports }) => `${prefix} ${protocol} ${ports!.from}-${ports!.to}`)
  expect(lines(account).map(withoutNumber).sort()).toEqual([...wanted, withoutNumber(HERS)].sort())
  expect(life.missing()).toEqual([])
  const calls = account.aws.calls().length
  await life.cleanRound()
  expect(writesSince(account, calls)).toEqual([])
  await life.setMode('off')
  life.startAnew()
  await life.cleanRound()
  expect(lines(account)).toEqual([HERS])
}

async function lives(steps: readonly Step[]): Promise<void> {
  const account = await openFenceAccount({}, NOW)
  try {
    putHers(account)
    const isUntouched = () => (lines(account).includes(HERS) ? [] : ['her entry was touched'])
    const life = new Life(account, [networkAcl(account)], isUntouched)
    for (const step of [...IN_FORCE, ...steps]) {
      await life.take(step)
      expect([...life.wrongs]).toEqual([])
    }
    await expectConverges(life, account)
  } finally {
    await account.stop()
  }
}

describe('Starting, stopping, crashing and redeploying never opens an unprotected window: start-up adopts what it has claimed.', () => {
  test('over a network ACL', async () => {
    const steps = fc.array(stepOf(45), { minLength: 6, maxLength: 14, size: 'max' })
    await search(fc.asyncProperty(steps, lives), { seed: 9, numRuns: 12, drawnRuns: 6 })
  }, 300_000)
})
