import type { Call } from './aws-api.ts'
import { internalError, throttledError } from './aws-api.ts'
import { AwsError } from './aws-error.ts'
import type { Fault } from './faults.ts'
import type { WireObject } from './wire-value.ts'

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
  return { answer: answer() }
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
