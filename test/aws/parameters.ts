import { AwsError } from './aws-error.ts'
import type { WireObject, WireValue } from './wire-value.ts'
import { isObject } from './wire-value.ts'

/**
 * Readers of EC2 parameters, whose leaves are text. The codes are in "Error codes for the Amazon EC2 API", common
 * client errors: MissingParameter is documented for an absent one, InvalidParameterValue for a value that is not
 * valid.
 */

/** The text of a parameter; undefined where it is absent. */
export function textIn(parameters: WireObject, name: string): string | undefined {
  const value = parameters[name]
  if (value === undefined || typeof value === 'string') return value
  throw invalidParameter(name, JSON.stringify(value))
}

export function requiredText(parameters: WireObject, name: string): string {
  const text = textIn(parameters, name)
  if (text !== undefined) return text
  throw new AwsError('MissingParameter', `The request must contain the parameter ${name}`)
}

/** A whole number in decimal; undefined where it is absent. */
export function wholeIn(parameters: WireObject, name: string): number | undefined {
  const text = textIn(parameters, name)
  if (text === undefined) return undefined
  if (/^-?\d{1,10}$/.test(text)) return Number(text)
  throw invalidParameter(name, text)
}

export function requiredWhole(parameters: WireObject, name: string): number {
  requiredText(parameters, name)
  return wholeIn(parameters, name)!
}

export function requiredFlag(parameters: WireObject, name: string): boolean {
  const text = requiredText(parameters, name)
  if (text === 'true' || text === 'false') return text === 'true'
  throw invalidParameter(name, text)
}

/** The members of a parameter that is a structure; none where it is absent. */
export function objectIn(parameters: WireObject, name: string): WireObject {
  const value = parameters[name]
  if (value === undefined) return {}
  if (isObject(value)) return value
  throw invalidParameter(name, JSON.stringify(value))
}

/** The members of a parameter that is a list; none where it is absent. */
function listIn(parameters: WireObject, name: string): readonly WireValue[] {
  const value = parameters[name]
  if (value === undefined) return []
  if (Array.isArray(value)) return value
  throw invalidParameter(name, JSON.stringify(value))
}

export function textsIn(parameters: WireObject, name: string): readonly string[] {
  return listIn(parameters, name).map((value) => {
    if (typeof value === 'string') return value
    throw invalidParameter(name, JSON.stringify(value))
  })
}

export function objectsIn(parameters: WireObject, name: string): readonly WireObject[] {
  return listIn(parameters, name).map((value) => {
    if (isObject(value)) return value
    throw invalidParameter(name, JSON.stringify(value))
  })
}

export function invalidParameter(name: string, value: string): AwsError {
  return new AwsError(
    'InvalidParameterValue',
    `Value (${value.slice(0, 60)}) for parameter ${name} is invalid`,
  )
}
