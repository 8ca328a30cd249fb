import { AwsError } from './aws-error.ts'
import type { Protocol, WireRequest } from './protocols.ts'
import type { WireObject } from './wire-value.ts'

/** Who makes a call. */
export interface Caller {
  /** From the credential scope; empty where the call is not signed. */
  readonly accessKeyId: string
  /** Aborted as soon as nobody waits for the answer: the caller hung up, or the account stopped. */
  readonly gone: AbortSignal
}

/** Carries out one call and returns what it answers; throws an AwsError for a refusal, having changed nothing. */
export type ActionHandler = (parameters: WireObject, caller: Caller) => WireObject | Promise<WireObject>

/** One AWS service on the local server. */
export interface AwsApi {
  /** The name in the SigV4 credential scope: "ec2", "servicequotas". */
  readonly name: string
  readonly protocol: Protocol
  /** What X-Amz-Target starts with, before the dot, where the protocol has one. */
  readonly target?: string
  readonly actions: Readonly<Record<string, ActionHandler>>
  /** What the API answers to too many calls. */
  readonly throttled: { readonly code: string; readonly status: number }
  /** What the API answers when it fails itself. */
  readonly internal: { readonly code: string; readonly status: number }
}

/** A call as read from the wire. The handler is absent where the API has no such action. */
export interface Call {
  readonly api: AwsApi
  readonly action: string
  readonly parameters: WireObject
  readonly handler: ActionHandler | undefined
  readonly caller: Caller
}

/**
 * The API that a request is for: the one in the credential scope of its Authorization header
 * (`Credential=KEY/date/region/name/aws4_request`), or else the one that X-Amz-Target names. Signatures are not
 * checked.
 */
export function routeOf(apis: readonly AwsApi[], authorization: string, target: string): AwsApi | undefined {
  const scope = /Credential=[^/,\s]+\/\d{8}\/[^/,\s]+\/([^/,\s]+)\/aws4_request/.exec(authorization)?.[1]
  const prefix = target.slice(0, Math.max(0, target.lastIndexOf('.')))
  return (
    apis.find(({ name }) => name === scope) ??
    apis.find((api) => api.target !== undefined && api.target === prefix)
  )
}

/** The access key id of a SigV4 Authorization header; empty where there is none. */
export function accessKeyIdOf(authorization: string): string {
  return /Credential=([^/,\s]+)\//.exec(authorization)?.[1] ?? ''
}

export function readCall(api: AwsApi, request: WireRequest, caller: Caller): Call {
  const { action, parameters } = api.protocol.read(request)
  const handler = Object.hasOwn(api.actions, action) ? api.actions[action] : undefined
  return { api, action, parameters, handler, caller }
}

/** The failure of the API itself, which a client may retry. */
export function internalError({ internal }: AwsApi, message: string): AwsError {
  return new AwsError(internal.code, message, internal.status)
}

export function throttledError({ throttled }: AwsApi, action: string): AwsError {
  return new AwsError(throttled.code, `Request limit exceeded for ${action}`, throttled.status)
}
