import type { EC2 } from '@aws-sdk/client-ec2'
import type { WAFV2 } from '@aws-sdk/client-wafv2'
import { afterAll, beforeAll, describe } from 'vitest'
import { IpSet, Pace } from '../../lib/aws/ip-set.ts'
import { PrefixList } from '../../lib/aws/prefix-list.ts'
import { PbxSecurityGroups } from '../../lib/aws/security-groups.ts'
import type { Family, Prefix } from '../../lib/core/prefix.ts'
import { parsePrefix } from '../../lib/core/prefix.ts'
import type { RuleRequest } from '../../lib/local/security-group-rule.ts'
import { type ArrangedGroups, type GroupSeed, lockdownContract } from '../contract/lockdown.ts'
import { setContract } from '../contract/sets.ts'
import { lacks } from '../skips.ts'
import { type MotoServer, startMoto } from './moto-server.ts'

/**
 * The same contracts over somebody else's imitation of AWS. What moto does differently from AWS is left out here and
 * shown in moto.test.ts.
 */
describe.skipIf(lacks('the ports of the tiers over moto', 'moto'))('over moto', () => {
  let moto: MotoServer
  beforeAll(async () => {
    moto = await startMoto()
  })
  afterAll(() => moto.stop())

  setContract('a prefix list of moto', {
    mostAtOnce: 100,
    capacity: 20,
    // Moto takes any version for the current one, and loses what was written in between.
    guards: false,
    arrange: (family, most) => prefixList(moto.ec2, family, most),
  })

  let sets = 0
  setContract('an IP set of moto', {
    mostAtOnce: 10_000,
    capacity: 10_000,
    async arrange(family) {
      const place = { Name: `s${sets++}`, Scope: 'REGIONAL' as const }
      const { Summary } = await moto.wafv2.createIPSet({
        ...place,
        IPAddressVersion: `IPV${family}`,
        Addresses: [],
      })
      let writes = 0
      const waf = counting(moto.wafv2, () => writes++)
      const set = new IpSet({
        arn: Summary!.ARN!,
        family,
        waf,
        pace: new Pace(
          () => 0,
          async () => undefined,
        ),
      })
      const named = { ...place, Id: Summary!.Id! }
      const read = async () => await moto.wafv2.getIPSet(named)
      return {
        set,
        held: async () => prefixes((await read()).IPSet?.Addresses),
        async change(add, remove = []) {
          const { IPSet, LockToken } = await read()
          const kept = IPSet!.Addresses!.filter((each) => !remove.includes(each))
          await moto.wafv2.updateIPSet({ ...named, Addresses: [...kept, ...add], LockToken })
        },
        writes: () => writes,
        stop: async () => undefined,
      }
    },
  })

  lockdownContract('security groups of moto', (seeds) => pbxOf(moto.ec2, seeds), {
    crashes: false,
    quotas: false,
  })
})

type Tags = Readonly<Record<string, string>>

const ANY = { IpProtocol: '-1' }
let pbxs = 0

/** An instance with an interface for all of the groups; moto gives the ids. */
async function pbxOf(ec2: EC2, seeds: readonly GroupSeed[]): Promise<ArrangedGroups> {
  const pbx = pbxs++
  const lists = await Promise.all(([4, 6] as const).map((family) => newList(ec2, family, 20)))
  const ids: string[] = []
  for (const { rules } of seeds) {
    const made = { GroupName: `g${pbx}-${ids.length}`, Description: 'of a PBX' }
    const { GroupId = '' } = await ec2.createSecurityGroup(made)
    ids.push(GroupId)
    for (const { tags, ...rule } of rules) await authorize(ec2, GroupId, rule, tags)
  }
  const run = { ImageId: 'ami-12c6146b', MinCount: 1, MaxCount: 1, SecurityGroupIds: ids }
  const { Instances } = await ec2.runInstances(run)
  const ours = ids.filter((_, i) => seeds[i]!.isOurs ?? true)
  const port = { instances: [Instances![0]!.InstanceId!], ours, ec2, rulesQuota: async () => 60 }
  return {
    groups: new PbxSecurityGroups(port),
    ids,
    lists: { 4: lists[0]!, 6: lists[1]! },
    async lines() {
      const rules = await Promise.all(ids.map((id) => inboundOf(ec2, id)))
      return rules.flat().sort()
    },
    authorize: (id, rule) => authorize(ec2, id, rule),
    stop: async () => undefined,
  }
}

async function authorize(ec2: EC2, GroupId: string, rule: RuleRequest, tags: Tags = {}): Promise<void> {
  const { protocol, ports, cidr, ipv6Cidr, prefixListId, description } = rule
  const said = description === undefined ? {} : { Description: description }
  const permission = {
    IpProtocol: String(protocol),
    ...(protocol === '-1' ? ANY : { FromPort: ports?.from ?? -1, ToPort: ports?.to ?? -1 }),
    ...(cidr === undefined ? {} : { IpRanges: [{ CidrIp: cidr, ...said }] }),
    ...(ipv6Cidr === undefined ? {} : { Ipv6Ranges: [{ CidrIpv6: ipv6Cidr, ...said }] }),
    ...(prefixListId === undefined ? {} : { PrefixListIds: [{ PrefixListId: prefixListId, ...said }] }),
  }
  const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
  const tagged = { TagSpecifications: [{ ResourceType: 'security-group-rule' as const, Tags }] }
  await ec2.authorizeSecurityGroupIngress({
    GroupId,
    IpPermissions: [permission],
    ...(Tags.length === 0 ? {} : tagged),
  })
}

/** As EC2 tells them, without their ids. */
async function inboundOf(ec2: EC2, id: string): Promise<string[]> {
  const Filters = [{ Name: 'group-id', Values: [id] }]
  const { SecurityGroupRules = [] } = await ec2.describeSecurityGroupRules({ Filters })
  return SecurityGroupRules.filter(({ IsEgress }) => IsEgress !== true).map((rule) => {
    const { SecurityGroupRuleId: _, Tags = [], ...rest } = rule
    const marks = Tags.map(({ Key, Value }) => `${Key}=${Value}`).sort()
    return `${id} ${JSON.stringify(Object.entries(rest).sort())} ${marks.join(' ')}`
  })
}

async function newList(ec2: EC2, family: Family, MaxEntries: number): Promise<string> {
  const made = { PrefixListName: 'l', AddressFamily: `IPv${family}`, MaxEntries }
  return (await ec2.createManagedPrefixList(made)).PrefixList!.PrefixListId!
}

async function prefixList(ec2: EC2, family: Family, MaxEntries: number) {
  const PrefixListId = await newList(ec2, family, MaxEntries)
  let writes = 0
  const set = new PrefixList({
    id: PrefixListId,
    family,
    fence: 'f',
    ec2: counting(ec2, () => writes++),
    wait: async () => undefined,
  })
  return {
    set: Object.assign(set, { takes: () => true }),
    async held(): Promise<readonly Prefix[]> {
      const { Entries } = await ec2.getManagedPrefixListEntries({ PrefixListId, MaxResults: 1_000 })
      return prefixes(Entries?.map(({ Cidr = '' }) => Cidr))
    },
    async change(add: readonly string[], remove: readonly string[] = []) {
      const { PrefixLists } = await ec2.describeManagedPrefixLists({ PrefixListIds: [PrefixListId] })
      await ec2.modifyManagedPrefixList({
        PrefixListId,
        CurrentVersion: PrefixLists![0]!.Version,
        AddEntries: add.map((Cidr) => ({ Cidr })),
        RemoveEntries: remove.map((Cidr) => ({ Cidr })),
      })
    },
    writes: () => writes,
    stop: async () => undefined,
  }
}

/** The client, with its writes counted. Moto leaves out a set that is empty, where EC2 answers with an empty one. */
function counting<Client extends EC2 | WAFV2>(client: Client, count: () => void): Client {
  const send = client.send.bind(client) as (...args: unknown[]) => Promise<object>
  return new Proxy(client, {
    get(target, name) {
      if (name !== 'send') return Reflect.get(target, name)
      return async (command: object, ...rest: unknown[]) => {
        if (/^(Modify|Update)/.test(command.constructor.name)) count()
        return { Entries: [], ...(await send(command, ...rest)) }
      }
    },
  })
}

function prefixes(texts: readonly string[] = []): Prefix[] {
  return texts.map((text) => {
    const parsed = parsePrefix(text)
    if (parsed.ok) return parsed.value
    throw new Error(parsed.reason)
  })
}
