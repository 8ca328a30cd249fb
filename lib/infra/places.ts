import { CfnPrefixList } from 'aws-cdk-lib/aws-ec2'
import { CfnIPSet, type CfnRuleGroup } from 'aws-cdk-lib/aws-wafv2'
import { Stack } from 'aws-cdk-lib/core'
import { Construct } from 'constructs'
import type { FenceConfig } from '../config.ts'
import { type Place, type Places, placeVariable } from '../names.ts'
import { countOrBlock } from './rule-group.ts'

const FAMILIES = [4, 6] as const
type Family = (typeof FAMILIES)[number]

/** A prefix list or an IP set: made here, or there already. */
interface Placed {
  readonly place: Place
  /** Of a prefix list its id, of an IP set its ARN. */
  readonly told: string
  readonly arn: string
}

/**
 * What the tiers beside network ACLs are placed in: those that the settings name, one for each IP family. All are made
 * empty, and the reconcile function fills them.
 *
 * They go with their stack, and with their key in the settings: what nobody keeps current should deny nobody. AWS deletes
 * nothing that something still refers to, so a deletion neither opens nor closes anything: it fails, and names what is in the way.
 * What was there already stays.
 */
export class FencePlaces extends Construct {
  readonly prefixListArns: readonly string[]
  readonly ipSetArns: readonly string[]
  /** Made with the IP sets, to be added to a web ACL by whoever has one. */
  readonly ruleGroup: CfnRuleGroup | undefined
  /** Ids of prefix lists and ARNs of IP sets, under the names of the outputs. */
  readonly told: Places

  constructor(scope: Construct, id: string, { id: fence, firewalls, existing }: FenceConfig) {
    super(scope, id)
    const { denyList, trustedPeers, ipSets } = firewalls
    const lists: Placed[] = []
    const sets: Placed[] = []
    for (const family of FAMILIES) {
      const [deny, trusted, ipSet] = [
        `DenyListIpv${family}`,
        `TrustedPeersIpv${family}`,
        `IpSetIpv${family}`,
      ] as const
      if (denyList !== undefined) {
        const found = existing[`denyListIpv${family}`]
        lists.push(this.#list(deny, `${fence}-deny`, family, denyList.maxEntries, found))
      }
      if (trustedPeers !== undefined) {
        const found = existing[`trustedPeersIpv${family}`]
        lists.push(this.#list(trusted, `${fence}-trusted`, family, trustedPeers.maxEntries, found))
      }
      if (ipSets !== undefined) sets.push(this.#ipSet(ipSet, fence, family, existing[`ipSetIpv${family}`]))
    }
    this.prefixListArns = lists.map(({ arn }) => arn)
    this.ipSetArns = sets.map(({ arn }) => arn)
    if (ipSets !== undefined)
      this.ruleGroup = countOrBlock(this, 'RuleGroup', fence, ipSets.action, this.ipSetArns)
    this.told = Object.fromEntries([...lists, ...sets].map(({ place, told }) => [place, told]))
  }

  /** What tells the functions. */
  get environment(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      Object.entries(this.told).map(([place, value]) => [placeVariable(place as Place), value]),
    )
  }

  /** Without `Entries`: what CloudFormation is not told of, it leaves alone (inferred). */
  #list(
    place: Place,
    name: string,
    family: Family,
    maxEntries: number,
    existing: string | undefined,
  ): Placed {
    if (existing !== undefined) {
      const { account } = Stack.of(this)
      const arn = Stack.of(this).formatArn({
        service: 'ec2',
        account,
        resource: 'prefix-list',
        resourceName: existing,
      })
      return { place, told: existing, arn }
    }
    const { attrPrefixListId: told, attrArn: arn } = new CfnPrefixList(this, place, {
      prefixListName: `sipfence-${name}-ipv${family}`,
      addressFamily: `IPv${family}`,
      maxEntries,
    })
    return { place, told, arn }
  }

  /**
   * An update of an IP set writes all of its addresses, whichever property has changed, so CloudFormation would empty it.
   * Hence it says nothing that could ever change: only the fence's id, and that names the stack.
   */
  #ipSet(place: Place, fence: string, family: Family, existing: string | undefined): Placed {
    if (existing !== undefined) return { place, told: existing, arn: existing }
    const { attrArn: arn } = new CfnIPSet(this, place, {
      name: `sipfence-${fence}-ipv${family}`,
      description: 'Sources that sipfence blocks and that are proven to be real',
      scope: 'REGIONAL',
      ipAddressVersion: `IPV${family}`,
      addresses: [],
    })
    return { place, told: arn, arn }
  }
}
