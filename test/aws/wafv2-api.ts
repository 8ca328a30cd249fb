import type { ActionHandler, AwsApi } from './aws-api.ts'
import { AwsError } from './aws-error.ts'
import type { IpSet } from './ip-set.ts'
import { invalidWafParameter, wafText } from './ip-set.ts'
import { AWS_JSON_1_1 } from './protocols.ts'
import { idOf } from './sqs-message.ts'
import type { BucketSize } from './token-bucket.ts'
import type { WafStore } from './waf-store.ts'
import type { WireObject } from './wire-value.ts'

/** AWS WAF quotas, fixed: one call a second for each action that creates or changes something. */
export const WAF_BUCKETS: Readonly<Record<string, BucketSize>> = {
  CreateIPSet: { burst: 1, refillPerSecond: 1 },
  UpdateIPSet: { burst: 1, refillPerSecond: 1 },
}

/**
 * The part of WAFv2 that fences use, with the scope REGIONAL. The WAF… codes are in the service's model;
 * ValidationException is observed for what breaks the model, and ThrottlingException for too many calls.
 */
export function wafv2Api(store: WafStore): AwsApi {
  return {
    name: 'wafv2',
    target: 'AWSWAF_20190729',
    protocol: AWS_JSON_1_1,
    actions: wafActions(store),
    throttled: { code: 'ThrottlingException', status: 400 },
    internal: { code: 'WAFInternalErrorException', status: 500 },
  }
}

function wafActions(store: WafStore): Readonly<Record<string, ActionHandler>> {
  return {
    GetIPSet(parameters) {
      const set = setIn(store, parameters)
      return { IPSet: setItem(set), LockToken: set.lockToken }
    },
    ListIPSets: (parameters) => listIpSets(store, parameters),
    CreateIPSet: (parameters) => createIpSet(store, parameters),
    UpdateIPSet(parameters) {
      const set = setIn(store, parameters)
      const addresses = addressesIn(parameters)
      const description = optionalText(parameters, 'Description')
      set.update(addresses, description, required(parameters, 'LockToken'))
      return { NextLockToken: set.lockToken }
    },
    GetWebACL: (parameters) => webAcl(store, parameters),
  }
}

/** Documented: name, scope and id are all required. That all of them have to be the set's own is inferred. */
function setIn(store: WafStore, parameters: WireObject): IpSet {
  requireScope(parameters)
  const set = store.ipSets.get(required(parameters, 'Name'))
  if (set !== undefined && set.id === required(parameters, 'Id')) return set
  throw nonexistent()
}

function createIpSet(store: WafStore, parameters: WireObject): WireObject {
  requireScope(parameters)
  const name = required(parameters, 'Name')
  if (!/^[\w-]{1,128}$/.test(name)) throw invalid('name', name, 'satisfy pattern ^[\\w\\-]+$')
  const version = required(parameters, 'IPAddressVersion')
  if (version !== 'IPV4' && version !== 'IPV6') throw invalid('iPAddressVersion', version, 'be IPV4 or IPV6')
  const set = store.create({
    name,
    family: version === 'IPV4' ? 4 : 6,
    addresses: addressesIn(parameters),
    description: optionalText(parameters, 'Description') ?? '',
  })
  return { Summary: summaryItem(set) }
}

/** Documented: Limit is 1 to 100. */
function listIpSets(store: WafStore, parameters: WireObject): WireObject {
  requireScope(parameters)
  const limit = parameters['Limit'] ?? 100
  if (typeof limit !== 'number' || limit < 1 || limit > 100)
    throw invalid('limit', String(limit), 'be 1 to 100')
  const sets = [...store.ipSets.values()]
  const after = optionalText(parameters, 'NextMarker')
  const start = after === undefined ? 0 : sets.findIndex(({ name }) => name === after) + 1
  const page = sets.slice(start, start + limit)
  const more = start + limit < sets.length
  return { IPSets: page.map(summaryItem), NextMarker: more ? page.at(-1)!.name : undefined }
}

/** By its ARN, or by name, scope and id. */
function webAcl(store: WafStore, parameters: WireObject): WireObject {
  const arn = optionalText(parameters, 'ARN')
  if (arn === undefined) requireScope(parameters)
  const found = store.webAcls.find((one) =>
    arn === undefined
      ? one.name === required(parameters, 'Name') && one.id === required(parameters, 'Id')
      : one.arn === arn,
  )
  if (found === undefined) throw nonexistent()
  const { name, id, rules = [] } = found
  const metrics = { SampledRequestsEnabled: false, CloudWatchMetricsEnabled: false, MetricName: name }
  const acl = { Name: name, Id: id, ARN: found.arn, DefaultAction: { Allow: {} }, Rules: rules }
  return { WebACL: { ...acl, VisibilityConfig: metrics, Capacity: rules.length }, LockToken: idOf(found.arn) }
}

function setItem(set: IpSet): WireObject {
  return {
    Name: set.name,
    Id: set.id,
    ARN: set.arn,
    Description: set.description,
    IPAddressVersion: set.family === 4 ? 'IPV4' : 'IPV6',
    Addresses: set.addresses.map(wafText),
  }
}

function summaryItem({ name, id, arn, description, lockToken }: IpSet): WireObject {
  return { Name: name, Id: id, ARN: arn, Description: description, LockToken: lockToken }
}

/** Observed: CLOUDFRONT is a scope of us-east-1 alone. */
function requireScope(parameters: WireObject): void {
  const scope = required(parameters, 'Scope')
  if (scope === 'REGIONAL') return
  if (scope === 'CLOUDFRONT') throw invalidWafParameter('SCOPE_VALUE', scope)
  throw invalid('scope', scope, 'be CLOUDFRONT or REGIONAL')
}

/** The model's limits of an address come before the service's own. */
function addressesIn(parameters: WireObject): readonly string[] {
  const addresses = parameters['Addresses']
  if (!Array.isArray(addresses)) throw invalid('addresses', 'null', 'not be null')
  return addresses.map((address: unknown) => {
    if (typeof address === 'string' && /\S/.test(address) && address.length <= 50) return address
    throw invalid('addresses', String(address), 'have length 1 to 50')
  })
}

function required(parameters: WireObject, name: string): string {
  return optionalText(parameters, name) ?? invalidNull(name)
}

function optionalText(parameters: WireObject, name: string): string | undefined {
  const value = parameters[name]
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') return value
  throw new AwsError('SerializationException', `Cannot read ${name}; expected text`)
}

function invalidNull(name: string): never {
  throw invalid(name, 'null', 'not be null')
}

function invalid(name: string, value: string, must: string): AwsError {
  const where = `Value '${value.slice(0, 60)}' at '${name[0]!.toLowerCase()}${name.slice(1)}'`
  const message = `1 validation error detected: ${where} failed to satisfy constraint: Member must ${must}`
  return new AwsError('ValidationException', message)
}

function nonexistent(): AwsError {
  return new AwsError('WAFNonexistentItemException', 'AWS WAF couldn’t find the resource')
}
