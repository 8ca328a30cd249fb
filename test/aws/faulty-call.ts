import type { Call } from './aws-api.ts'
import { internalError, throttledError } from './aws-api.ts'
import { AwsError } from './aws-error.ts'
import type { Fault } from './faults.ts'
import type { WireObject, WireValue } from './wire-value.ts'
import { isObject } from './wire-value.ts'

/** What becomes of a call: an answer, or none because the connection ends. */
export type Outcome = { readonly answer: WireObject } | 'dropped'

/**
 * Carries out a call with its fault; throws the AwsError that the caller is to get.
 *
 * @param wait ends after that many milliseconds
 */
export async function carryOut(
  call: Call,
  fault: Fault,
  wait: (ms: number) => Promise<void>,
): Promise<Outcome> {
  if (fault.kind === 'throttle') throw throttledError(call.api, call.action)
  if (fault.kind === 'before') {
    if (fault.drop) return 'dropped'
    throw planned(call, fault)
  }
  if (fault.kind === 'latency' && fault.late === 'request') await wait(fault.ms)
  const answer = await settled(call)
  if (fault.kind === 'latency' && fault.late !== 'request') await wait(fault.ms)
  if (fault.kind === 'lost') return 'dropped'
  if (fault.kind === 'after') throw planned(call, fault)
  return { answer: fault.kind === 'without' ? without(fault.element, answer()) : answer() }
}

function without(element: string, value: WireObject): WireObject {
  const rest = Object.entries(value).filter(([name]) => name !== element)
  return Object.fromEntries(rest.map(([name, below]) => [name, leftIn(below, element)]))
}

function leftIn(value: WireValue, element: string): WireValue {
  if (Array.isArray(value)) return value.map((each: WireValue) => leftIn(each, element))
  return isObject(value) ? without(element, value) : value
}

/** The answer, or the refusal, for later: it is lost or late like any other answer. */
async function settled({ api, action, parameters, handler, caller }: Call): Promise<() => WireObject> {
  if (handler === undefined) return refused(api.protocol.unknownAction(action))
  try {
    const answer = await handler(parameters, caller)
    return () => answer
  } catch (error) {
    return refused(error)
  }
}

function refused(error: unknown): () => never {
  return () => {
    throw error
  }
}

function planned({ api }: Call, { code, status }: Fault & { kind: 'before' | 'after' }): AwsError {
  const internal = internalError(api, 'An internal error has occurred')
  return new AwsError(
    code ?? internal.code,
    internal.message,
    status ?? (code === undefined ? internal.status : 500),
  )
}
