import type { AwsApi } from './aws-api.ts'
import { AwsError } from './aws-error.ts'
import { AWS_JSON_1_1 } from './protocols.ts'
import type { WireObject, WireValue } from './wire-value.ts'

/** An accelerator with one listener and one endpoint group. */
export interface AcceleratorSeed {
  readonly name: string
  /** standard unless given. */
  readonly kind?: 'standard' | 'custom'
  /** True unless given. */
  readonly enabled?: boolean
  readonly from: number
  readonly to: number
  readonly overrides?: readonly { readonly listener: number; readonly endpoint: number }[]
  /** Subnets where it is custom; keepsSource absent where the answer says nothing of it. */
  readonly endpoints: readonly { readonly id: string; readonly keepsSource?: boolean }[]
}

/** Documented as the default of MaxResults for each List action. */
const PAGE = 10

/**
 * The List actions of Global Accelerator, whose one API stands in us-west-2. AcceleratorNotFoundException and
 * ListenerNotFoundException are in the service's model, their status is inferred.
 */
export function globalAcceleratorApi(all: readonly AcceleratorSeed[]): AwsApi {
  const standard = all.filter(({ kind = 'standard' }) => kind === 'standard')
  const custom = all.filter(({ kind }) => kind === 'custom')
  return {
    name: 'globalaccelerator',
    target: 'GlobalAccelerator_V20180706',
    protocol: AWS_JSON_1_1,
    actions: {
      ListAccelerators: (asked) => page('Accelerators', standard.map(acceleratorItem), asked),
      ListCustomRoutingAccelerators: (asked) => page('Accelerators', custom.map(acceleratorItem), asked),
      ListListeners: (asked) => page('Listeners', [listenerItem(ownerOf(standard, asked))], asked),
      ListCustomRoutingListeners: (asked) => page('Listeners', [listenerItem(ownerOf(custom, asked))], asked),
      ListEndpointGroups: (asked) => page('EndpointGroups', [standardGroup(ownerOf(standard, asked))], asked),
      ListCustomRoutingEndpointGroups: (asked) =>
        page('EndpointGroups', [customGroup(ownerOf(custom, asked))], asked),
    },
    throttled: { code: 'ThrottlingException', status: 400 },
    internal: { code: 'InternalServiceErrorException', status: 500 },
  }
}

function arnOf(name: string): string {
  return `arn:aws:globalaccelerator::123456789012:accelerator/${name}`
}

function ownerOf(
  all: readonly AcceleratorSeed[],
  { AcceleratorArn, ListenerArn }: WireObject,
): AcceleratorSeed {
  const arn = String(AcceleratorArn ?? ListenerArn)
  const owner = all.find(({ name }) => arn === arnOf(name) || arn === `${arnOf(name)}/listener/1`)
  if (owner !== undefined) return owner
  const code = AcceleratorArn === undefined ? 'ListenerNotFoundException' : 'AcceleratorNotFoundException'
  throw new AwsError(code, `Cannot find ${arn}`)
}

function acceleratorItem({ name, enabled = true }: AcceleratorSeed): WireObject {
  return { AcceleratorArn: arnOf(name), Name: name, Enabled: enabled, Status: 'DEPLOYED' }
}

function listenerItem({ name, from, to }: AcceleratorSeed): WireObject {
  return {
    ListenerArn: `${arnOf(name)}/listener/1`,
    PortRanges: [{ FromPort: from, ToPort: to }],
    Protocol: 'UDP',
  }
}

function standardGroup({ name, endpoints, overrides = [] }: AcceleratorSeed): WireObject {
  return {
    EndpointGroupArn: `${arnOf(name)}/listener/1/endpoint-group/1`,
    EndpointGroupRegion: 'eu-west-1',
    EndpointDescriptions: endpoints.map(({ id, keepsSource }) => ({
      EndpointId: id,
      Weight: 128,
      HealthState: 'HEALTHY',
      ...(keepsSource === undefined ? {} : { ClientIPPreservationEnabled: keepsSource }),
    })),
    PortOverrides: overrides.map(({ listener, endpoint }) => ({
      ListenerPort: listener,
      EndpointPort: endpoint,
    })),
  }
}

function customGroup({ name, from, to, endpoints }: AcceleratorSeed): WireObject {
  return {
    EndpointGroupArn: `${arnOf(name)}/listener/1/endpoint-group/1`,
    EndpointGroupRegion: 'eu-west-1',
    EndpointDescriptions: endpoints.map(({ id }) => ({ EndpointId: id })),
    DestinationDescriptions: [{ FromPort: from, ToPort: to, Protocols: ['UDP'] }],
  }
}

function page(name: string, all: readonly WireValue[], { NextToken, MaxResults }: WireObject): WireObject {
  const from = Number(NextToken ?? 0)
  const to = from + Number(MaxResults ?? PAGE)
  return { [name]: all.slice(from, to), ...(to < all.length ? { NextToken: String(to) } : {}) }
}
