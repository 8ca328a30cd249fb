import type { AclEntryRequest } from '../../lib/local/acl-entry.ts'
import { NetworkAclError } from '../../lib/local/acl-entry.ts'
import type { AclStore } from './acl-store.ts'
import type { ActionHandler } from './aws-api.ts'
import { AwsError } from './aws-error.ts'
import { objectIn, requiredFlag, requiredText, requiredWhole, textIn, wholeIn } from './parameters.ts'
import type { WireObject } from './wire-value.ts'

const DONE: WireObject = { return: true }

/** CreateNetworkAclEntry, ReplaceNetworkAclEntry and DeleteNetworkAclEntry: NetworkAcl decides, this translates. */
export function entryActions(store: AclStore): Readonly<Record<string, ActionHandler>> {
  return {
    CreateNetworkAclEntry(parameters) {
      const request = requestIn(parameters)
      return change(() => store.get(requiredText(parameters, 'NetworkAclId')).create(request))
    },
    ReplaceNetworkAclEntry(parameters) {
      const request = requestIn(parameters)
      return change(() => store.get(requiredText(parameters, 'NetworkAclId')).replace(request))
    },
    DeleteNetworkAclEntry(parameters) {
      const ruleNumber = requiredWhole(parameters, 'RuleNumber')
      const egress = requiredFlag(parameters, 'Egress')
      return change(() => store.get(requiredText(parameters, 'NetworkAclId')).remove(ruleNumber, egress))
    },
  }
}

/** Ports and ICMP go through as they are, since which of them is required depends on the protocol. */
function requestIn(parameters: WireObject): AclEntryRequest {
  const ports = objectIn(parameters, 'PortRange')
  const icmp = objectIn(parameters, 'Icmp')
  return {
    ruleNumber: requiredWhole(parameters, 'RuleNumber'),
    egress: requiredFlag(parameters, 'Egress'),
    protocol: requiredText(parameters, 'Protocol'),
    action: requiredText(parameters, 'RuleAction'),
    cidr: textIn(parameters, 'CidrBlock'),
    ipv6Cidr: textIn(parameters, 'Ipv6CidrBlock'),
    ports: { from: wholeIn(ports, 'From'), to: wholeIn(ports, 'To') },
    icmp: { type: wholeIn(icmp, 'Type'), code: wholeIn(icmp, 'Code') },
  }
}

function change(run: () => void): WireObject {
  try {
    run()
    return DONE
  } catch (error) {
    if (error instanceof NetworkAclError) throw new AwsError(error.code, error.message)
    throw error
  }
}
