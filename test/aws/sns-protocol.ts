import type { Protocol } from './protocols.ts'
import { EC2_QUERY } from './protocols.ts'
import { xmlOf } from './xml.ts'

const XML = 'text/xml'

/** The query protocol as all services but EC2 speak it: results are wrapped, and lists are `<member>` elements. */
export const SNS_QUERY: Protocol = {
  ...EC2_QUERY,
  answer(action, value, requestId) {
    const result = xmlOf({ [`${action}Result`]: value, ResponseMetadata: { RequestId: requestId } }, 'member')
    return { status: 200, contentType: XML, body: enclosed(`${action}Response`, result) }
  },
  refuse({ code, message, status }, requestId) {
    const type = status >= 500 ? 'Receiver' : 'Sender'
    const error = xmlOf({ Error: { Type: type, Code: code, Message: message }, RequestId: requestId })
    return { status, contentType: XML, body: enclosed('ErrorResponse', error) }
  },
}

function enclosed(name: string, body: string): string {
  return `<${name} xmlns="http://sns.amazonaws.com/doc/2010-03-31/">${body}</${name}>`
}
