import type { Protocol } from './protocols.ts'
import { SNS_QUERY } from './sns-protocol.ts'

/** The query protocol of a service with this XML namespace; beside that it is as SNS speaks it. */
export function inNamespace(namespace: string): Protocol {
  const named = <A extends { readonly body: string }>(answer: A): A => ({
    ...answer,
    body: answer.body.replace(/xmlns="[^"]*"/, `xmlns="${namespace}"`),
  })
  return {
    ...SNS_QUERY,
    answer: (...call) => named(SNS_QUERY.answer(...call)),
    refuse: (...error) => named(SNS_QUERY.refuse(...error)),
  }
}
