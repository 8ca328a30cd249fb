import { CfnPrefixList } from 'aws-cdk-lib/aws-ec2'
import { CfnIPSet, type CfnRuleGroup } from 'aws-cdk-lib/aws-wafv2'
import { Construct } from 'constructs'
import type { FenceConfig } from '../config.ts'
import { type Place, type Places, placeVariable } from '../names.ts'
import { countOrBlock } from './rule-group.ts'

const FAMILIES = [4, 6] as const
type Family = (typeof FAMILIES)[number]

/**
 * What the tiers beside network ACLs are placed in: those that the settings name, one for each IP family. All are made
 * empty, and the reconcile function fills them.
 *
 * They go with their stack, and with their key in the settings: what nobody keeps current should deny nobody. AWS deletes
 * nothing that something still refers to, so a deletion neither opens nor closes anything: it fails, and names what is in the way.
 */
export class FencePlaces extends Construct {
  readonly prefixLists: readonly CfnPrefixList[]
  readonly ipSets: readonly CfnIPSet[]
  /** Made with the IP sets, to be added to a web ACL by whoever has one. */
  readonly ruleGroup: CfnRuleGroup | undefined
  /** Ids of prefix lists and ARNs of IP sets, under the names of the outputs. */
  readonly told: Places

  constructor(scope: Construct, id: string, { id: fence, firewalls }: FenceConfig) {
    super(scope, id)
    const { denyList, trustedPeers, ipSets } = firewalls
    const lists = new Map<Place, CfnPrefixList>()
    const sets = new Map<Place, CfnIPSet>()
    for (const family of FAMILIES) {
      const [deny, trusted, ipSet] = placesOf(family)
      if (denyList !== undefined)
        lists.set(deny, this.#list(deny, `${fence}-deny`, family, denyList.maxEntries))
      if (trustedPeers !== undefined)
        lists.set(trusted, this.#list(trusted, `${fence}-trusted`, family, trustedPeers.maxEntries))
      if (ipSets !== undefined) sets.set(ipSet, this.#ipSet(ipSet, fence, family))
    }
    this.prefixLists = [...lists.values()]
    this.ipSets = [...sets.values()]
    if (ipSets !== undefined)
      this.ruleGroup = countOrBlock(this, 'RuleGroup', fence, ipSets.action, this.ipSets)
    this.told = Object.fromEntries([
      ...[...lists].map(([place, { attrPrefixListId }]) => [place, attrPrefixListId]),
      ...[...sets].map(([place, { attrArn }]) => [place, attrArn]),
    ])
  }

  /** What tells the functions. */
  get environment(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      Object.entries(this.told).map(([place, value]) => [placeVariable(place as Place), value]),
    )
  }

  /** Without `Entries`: what CloudFormation is not told of, it leaves alone (inferred). */
  #list(id: Place, name: string, family: Family, maxEntries: number): CfnPrefixList {
    return new CfnPrefixList(this, id, {
      prefixListName: `sipfence-${name}-ipv${family}`,
      addressFamily: `IPv${family}`,
      maxEntries,
    })
  }

  /**
   * An update of an IP set writes all of its addresses, whichever property has changed, so CloudFormation would empty it.
   * Hence it says nothing that could ever change: only the fence's id, and that names the stack.
   */
  #ipSet(id: Place, fence: string, family: Family): CfnIPSet {
    return new CfnIPSet(this, id, {
      name: `sipfence-${fence}-ipv${family}`,
      description: 'Sources that sipfence blocks and that are proven to be real',
      scope: 'REGIONAL',
      ipAddressVersion: `IPV${family}`,
      addresses: [],
    })
  }
}

function placesOf(family: Family): readonly [deny: Place, trusted: Place, ipSet: Place] {
  return [`DenyListIpv${family}`, `TrustedPeersIpv${family}`, `IpSetIpv${family}`]
}
