import type { EntryDocument } from '../contract/fence.ts'
import type { InitDocument, NetworkAclDocument } from '../contract/init.ts'
import { reason, ruleText } from './fence-words.ts'
import { counted, printable, table } from './format.ts'
import { ruleOfGroup } from './lockdown-words.ts'

/** More than this of a kind is counted, not named. */
const NAMED = 8

/** What `sipfence init` has found, for people. */
export function initText(document: InitDocument, width: number): string[] {
  const { region, instance } = document
  const { id, name, account } = instance
  const called = name === null ? '' : ` "${printable(name)}"`
  return [
    `Instance ${id}${called} in ${region}, account ${account}`,
    '',
    ...table(
      [
        ...instanceRows(document),
        ...sipRows(document),
        ...(document.networkAcls ?? []).flatMap(aclRows),
        ...lockdownRows(document),
        ...neighbourRows(document),
        ...wayRows(document),
        ...titled(
          'Unknown',
          document.unknown.map(({ what, why }) => `${what}: ${reason(why)}`),
        ),
        ...titled('Mind', document.warnings.map(reason)),
        ...enforceRows(document),
      ],
      width,
      '',
    ),
  ]
}

function instanceRows({ instance, vpcCidrs, unknown }: InitDocument): string[][] {
  const { addresses, vpc, profile, role } = instance
  const ranges = vpcCidrs === null ? 'address ranges unknown' : vpcCidrs.join(', ')
  const isUnknown = unknown.some(({ what }) => what === 'the IAM role')
  const none = isUnknown ? 'unknown' : profile === null ? 'none' : `none in profile ${printable(profile)}`
  return [
    ['Addresses', addresses.join(', ')],
    ['VPC', `${vpc}: ${ranges}`],
    ['IAM role', role === null ? none : printable(role)],
  ]
}

function sipRows({ ports, openings }: InitDocument): string[][] {
  const head = `${ports.length === 1 ? 'port' : 'ports'} ${ports.join(', ')}`
  if (openings === null) return [['SIP', `${head}; whom the security groups let in is unknown`]]
  const { everybody, some } = openings
  const whom =
    everybody.length > 0
      ? 'open to the public'
      : some.length > 0
        ? 'not open to the public'
        : 'open to nobody'
  return [
    ['SIP', `${head}; ${whom}`],
    ...someOf(
      [...everybody, ...some].map((each) => `let in by ${ruleOfGroup(each)}`),
      'more rules',
    ).map((words) => ['', words]),
  ]
}

function aclRows({ id, claimedBy, window, firstAllow, foreign, room }: NetworkAclDocument): string[][] {
  const place =
    window === null
      ? 'no room for a fence'
      : `rules ${window.firstRule} to ${window.lastRule} could be a fence's`
  const allow =
    firstAllow === null ? 'no rule lets SIP in' : `${ruleText(firstAllow)} is the first to let SIP in`
  const left =
    room === null ? 'quota unknown' : `room for ${room.ipv4} IPv4 and ${room.ipv6} IPv6 entries by the quota`
  const whose = claimedBy === null ? [] : [`belongs to fence ${printable(claimedBy)}`]
  const others = someOf(foreign.map(foreignText), 'more entries')
  return titled('Network ACL', [`${id}: ${place}; ${allow}; ${left}`, ...whose, ...others])
}

function foreignText(entry: EntryDocument): string {
  return `${ruleText(entry)} stands before that rule: it is somebody's, and is left alone`
}

function lockdownRows({ lockdown }: InitDocument): string[][] {
  if (lockdown === null) return [['Lockdown', 'what it could close is unknown']]
  const { groups, maxEntries, refused } = lockdown
  if (groups.length === 0) return [['Lockdown', 'has nothing to close here']]
  const room = `it could close ${groups.join(', ')}, with lists that hold ${maxEntries} trusted ${maxEntries === 1 ? 'prefix' : 'prefixes'}`
  return titled(
    'Lockdown',
    refused.length === 0 ? [room] : refused.map((why) => `would be refused: ${reason(why)}`),
  )
}

/** A denial is for all that is in the subnets of its network ACL. */
function neighbourRows({ neighbours, likelyPbxs }: InitDocument): string[][] {
  if (neighbours === null) return []
  if (neighbours.length === 0) return [['Subnets', 'nothing else is in them']]
  const others = neighbours.map(({ id, subnet, instance, description }) => {
    const what = instance ?? (description === '' ? 'an interface' : `"${printable(description)}"`)
    const alike = instance !== null && likelyPbxs.includes(instance)
    return `${subnet}: ${what} (${id})${alike ? ', likely a PBX: a security group of its lets SIP in' : ''}`
  })
  const head = `${counted(neighbours.length, 'other interface')} would be behind the same denials of SIP`
  return titled('Subnets', [head, ...someOf(others, 'more')])
}

function wayRows({ targets, accelerators }: InitDocument): string[][] {
  const groups = (targets ?? []).map(({ group, protocol, port, balancers }) => {
    const names = balancers.map(({ name, type }) => `${type} load balancer ${printable(name)}`).join(', ')
    return `${names === '' ? 'no load balancer' : names}: target group ${printable(group)}, ${printable(protocol)} ${port}`
  })
  const ways = (accelerators ?? []).map(({ name, endpoint, enabled, keepsSource }) => {
    const how = keepsSource ? 'with' : 'without'
    return `accelerator ${printable(name)}${enabled ? '' : ' (disabled)'}: to ${printable(endpoint, 200)}, ${how} the clients' addresses`
  })
  const all = [...groups, ...ways]
  if (all.length > 0) return titled('Behind', all)
  return targets === null || accelerators === null ? [] : [['Behind', 'no load balancer and no accelerator']]
}

function enforceRows({ obstacles }: InitDocument): string[][] {
  if (obstacles.length === 0) return [['Enforce', 'nothing found here would make its blocks void']]
  return titled(
    'Enforce',
    obstacles.map(({ why, next }) => `would be refused: ${reason(why)}; ${next}`),
  )
}

function titled(title: string, lines: readonly string[]): string[][] {
  return lines.map((words, i) => [i === 0 ? title : '', words])
}

function someOf(lines: readonly string[], more: string): string[] {
  if (lines.length <= NAMED) return [...lines]
  return [...lines.slice(0, NAMED), `and ${lines.length - NAMED} ${more}`]
}
