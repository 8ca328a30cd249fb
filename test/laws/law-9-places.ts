import type { Block } from '../../lib/core/block.ts'
import { TCP, UDP } from '../../lib/core/entry.ts'
import { type Address, bitsOf, covers, type Family, familyOf, type Prefix } from '../../lib/core/prefix.ts'
import { requestOf } from '../../lib/local/acl-entry.ts'
import { ACL, type FenceAccount } from '../aws/fence-account.ts'
import { inIpSet, listed } from '../aws/tier-account.ts'
import { held } from '../contract/firewall.ts'
import { onePrefix } from '../core/arbitraries.ts'
import type { Place, Step } from './law-9-life.ts'

/** Somebody else's, wherever something of ours is. */
export const SOMEBODY = '198.51.100.1/32'
export const HERS = `25 deny ${SOMEBODY} 17 *`

/** Some blocks are in force, so that there is something to lose: the heavier ones came later. */
export const IN_FORCE: readonly Step[] = [[0, 5], [1, 6], [4]].flatMap((some) => [
  ...some.map((which) => ({ kind: 'block', which, minutes: 20 + which }) as const),
  { kind: 'round', death: null } as const,
])

export function networkAcl({ aws }: FenceAccount): Place {
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

/** The lists and sets of both families. WAF sees connections, so it takes nobody who may be forged. */
export function denyingSets(account: FenceAccount): Place[] {
  return ([4, 6] as const).flatMap((family) => [
    setOf('deny list', family, () => listed(account, `DenyListIpv${family}`)),
    setOf(
      'IP set',
      family,
      () => inIpSet(account, family),
      ({ scope }) => scope !== 'sip-udp',
    ),
  ])
}

function setOf(
  name: string,
  family: Family,
  list: () => readonly string[],
  takes: (block: Block) => boolean = () => true,
): Place {
  return {
    name: `the ${name} of IPv${family}`,
    wants: (block) => (familyOf(block.prefix) === family && takes(block) ? ['all'] : []),
    denies: ({ prefix }) => list().some((each) => covers(bitsOf(each as Prefix), bitsOf(prefix))),
  }
}

export function putHers({ aws }: FenceAccount): void {
  const hers = { ruleNumber: 25, prefix: onePrefix(SOMEBODY), protocol: 17, ports: null } as const
  aws.acls.get(ACL)!.create(requestOf({ ...hers, action: 'deny', egress: false }))
}

export function lines({ aws }: FenceAccount): string[] {
  return held(aws.acls.get(ACL)!)
}

/** Actions that changed something outside the ledger, from that many calls on. */
export function writesSince({ aws }: FenceAccount, calls: number): string[] {
  const made = aws.calls().slice(calls)
  return made
    .filter(({ service, action }) => service !== 'dynamodb' && !/^(Describe|Get)/.test(action))
    .map(({ action }) => action)
}
