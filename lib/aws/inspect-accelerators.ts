import {
  type EndpointGroup,
  type GlobalAcceleratorClient,
  type Listener,
  paginateListAccelerators,
  paginateListCustomRoutingAccelerators,
  paginateListCustomRoutingEndpointGroups,
  paginateListCustomRoutingListeners,
  paginateListEndpointGroups,
  paginateListListeners,
} from '@aws-sdk/client-global-accelerator'
import type { PortRange } from '../core/entry.ts'
import type { AcceleratorFound } from '../core/surroundings.ts'

/** Global Accelerator has one API for all regions, and it stands here (its endpoints in the AWS General Reference). */
export const ACCELERATOR_REGION = 'us-west-2'

/** What an accelerator may have as an endpoint that leads to the instance. */
export interface Reachable {
  readonly instance: string
  readonly subnets: readonly string[]
  /** Allocations of its Elastic IPs; null where they are unknown. */
  readonly allocations: readonly string[] | null
  /** ARNs of the load balancers before it; null where they are unknown. */
  readonly balancers: readonly string[] | null
}

/** Standard and custom routing accelerators that lead to the instance, by whichever endpoint. */
export async function inspectAccelerators(
  client: GlobalAcceleratorClient,
  reachable: Reachable,
): Promise<readonly AcceleratorFound[]> {
  return [...(await standard(client, reachable)), ...(await customRouting(client, reachable))]
}

async function standard(client: GlobalAcceleratorClient, reachable: Reachable): Promise<AcceleratorFound[]> {
  const all: AcceleratorFound[] = []
  for await (const { Accelerators = [] } of paginateListAccelerators({ client }, {})) {
    for (const { AcceleratorArn: arn = '', Name: name = '', Enabled: enabled = true } of Accelerators) {
      for await (const { Listeners = [] } of paginateListListeners({ client }, { AcceleratorArn: arn })) {
        for (const listener of Listeners)
          all.push(...(await led(client, listener, { name, arn, enabled }, reachable)))
      }
    }
  }
  return all
}

type Whose = Pick<AcceleratorFound, 'name' | 'arn' | 'enabled'>

async function led(
  client: GlobalAcceleratorClient,
  listener: Listener,
  whose: Whose,
  reachable: Reachable,
): Promise<AcceleratorFound[]> {
  const { ListenerArn } = listener
  const all: AcceleratorFound[] = []
  for await (const { EndpointGroups = [] } of paginateListEndpointGroups({ client }, { ListenerArn })) {
    for (const group of EndpointGroups) {
      for (const { EndpointId = '', ClientIPPreservationEnabled } of group.EndpointDescriptions ?? []) {
        if (!leadsThere(EndpointId, reachable)) continue
        // An instance always sees the clients' addresses, whether the answer says so or not.
        const keepsSource = ClientIPPreservationEnabled ?? EndpointId.startsWith('i-')
        all.push({ ...whose, endpoint: EndpointId, keepsSource, ports: portsOf(listener, group) })
      }
    }
  }
  return all
}

/** Throws where the endpoint is of a kind of which it is unknown whether the instance has it. */
function leadsThere(endpoint: string, { instance, allocations, balancers }: Reachable): boolean {
  if (endpoint.startsWith('eipalloc-')) {
    if (allocations !== null) return allocations.includes(endpoint)
    throw new Error(`an accelerator leads to ${endpoint}, and the instance's Elastic IPs are unknown`)
  }
  if (endpoint.startsWith('arn:')) {
    if (balancers !== null) return balancers.includes(endpoint)
    throw new Error(`an accelerator leads to ${endpoint}, and the load balancers before it are unknown`)
  }
  return endpoint === instance
}

/** A port that an override leads elsewhere may still come as it was to other groups: both count. */
function portsOf({ PortRanges = [] }: Listener, { PortOverrides = [] }: EndpointGroup): PortRange[] {
  const own = PortRanges.map(({ FromPort: from = 0, ToPort: to = 65_535 }) => ({ from, to }))
  return [
    ...own,
    ...PortOverrides.flatMap(({ EndpointPort: port }) => (port ? [{ from: port, to: port }] : [])),
  ]
}

/** Their endpoints are whole subnets, and they always keep the clients' addresses. */
async function customRouting(
  client: GlobalAcceleratorClient,
  { subnets }: Reachable,
): Promise<AcceleratorFound[]> {
  const all: AcceleratorFound[] = []
  for await (const { Accelerators = [] } of paginateListCustomRoutingAccelerators({ client }, {})) {
    for (const { AcceleratorArn: arn = '', Name: name = '', Enabled: enabled = true } of Accelerators) {
      for (const group of await customGroups(client, arn)) {
        const ports = (group.DestinationDescriptions ?? []).map(
          ({ FromPort: from = 0, ToPort: to = 65_535 }) => ({ from, to }),
        )
        for (const { EndpointId = '' } of group.EndpointDescriptions ?? [])
          if (subnets.includes(EndpointId))
            all.push({ name, arn, enabled, endpoint: EndpointId, keepsSource: true, ports })
      }
    }
  }
  return all
}

async function customGroups(client: GlobalAcceleratorClient, AcceleratorArn: string) {
  const groups = []
  for await (const { Listeners = [] } of paginateListCustomRoutingListeners({ client }, { AcceleratorArn })) {
    for (const { ListenerArn } of Listeners) {
      const pages = paginateListCustomRoutingEndpointGroups({ client }, { ListenerArn })
      for await (const { EndpointGroups = [] } of pages) groups.push(...EndpointGroups)
    }
  }
  return groups
}
