import { AwsError } from './aws-error.ts'
import { parseQueryForm } from './query-form.ts'
import type { WireObject } from './wire-value.ts'
import { isObject } from './wire-value.ts'
import { xmlOf } from './xml.ts'

/** One request as HTTP carries it. */
export interface WireRequest {
  /** The X-Amz-Target header, empty where there is none. */
  readonly target: string
  readonly body: string
}

export interface WireAnswer {
  readonly status: number
  readonly contentType: string
  /** Beside the content type and the request id. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
}

/** How an API writes its calls and answers. One protocol serves many APIs. */
export interface Protocol {
  /** Action and parameters of a request; throws an AwsError where it has none. */
  read(request: WireRequest): { readonly action: string; readonly parameters: WireObject }
  answer(action: string, value: WireObject, requestId: string): WireAnswer
  refuse(error: AwsError, requestId: string): WireAnswer
  unknownAction(action: string): AwsError
}

const XML = 'text/xml;charset=UTF-8'
const PROLOG = '<?xml version="1.0" encoding="UTF-8"?>'

/**
 * The query protocol of EC2: a form with Action and Version, answered in XML ("Making API requests", Amazon EC2
 * Developer Guide). Other query APIs wrap their answers differently.
 */
export const EC2_QUERY: Protocol = {
  read({ body }) {
    const { Action: action, Version: _, ...parameters } = parseQueryForm(body)
    if (typeof action === 'string') return { action, parameters }
    throw new AwsError('MissingAction', 'The request must contain the parameter Action')
  },
  answer(action, value, requestId) {
    const name = `${action}Response`
    const body = xmlOf({ requestId, ...value })
    const namespace = 'http://ec2.amazonaws.com/doc/2016-11-15/'
    return { status: 200, contentType: XML, body: `${PROLOG}<${name} xmlns="${namespace}">${body}</${name}>` }
  },
  refuse({ code, message, status }, requestId) {
    const errors = { Error: { Code: code, Message: message } }
    return {
      status,
      contentType: XML,
      body: PROLOG + xmlOf({ Response: { Errors: errors, RequestID: requestId } }),
    }
  },
  unknownAction: (action) =>
    new AwsError('InvalidAction', `The action ${action} is not valid for this web service`),
}

/** AWS JSON 1.1: the action is in X-Amz-Target, the parameters and the answer are JSON (Smithy, "AWS JSON"). */
export const AWS_JSON_1_1 = awsJson('1.1')

/** AWS JSON 1.0, which differs in the content type only. */
export const AWS_JSON_1_0 = awsJson('1.0')

function awsJson(version: string): Protocol {
  const contentType = `application/x-amz-json-${version}`
  return {
    read({ target, body }) {
      const action = target.slice(target.lastIndexOf('.') + 1)
      return { action, parameters: parseJson(body) }
    },
    answer: (_, value) => ({ status: 200, contentType, body: JSON.stringify(value) }),
    refuse: ({ code, message, status }) => ({
      status,
      contentType,
      body: JSON.stringify({ __type: code, message }),
    }),
    unknownAction: (action) =>
      new AwsError('UnknownOperationException', `The action ${action} is not valid for this web service`),
  }
}

function parseJson(body: string): WireObject {
  try {
    const value = JSON.parse(body === '' ? '{}' : body)
    if (isObject(value)) return value
  } catch {
    // Text that is no JSON is refused like JSON that is no object.
  }
  throw new AwsError('SerializationException', 'Cannot read the request; expected a JSON object')
}
