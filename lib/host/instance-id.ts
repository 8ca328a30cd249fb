import { type Address, parseAddress } from '../core/prefix.ts'

/** What the instance metadata service says of the instance that asks. */
export interface Instance {
  /** `i-…` */
  readonly id: string
  /** Its public IPv4 address, which NAT keeps from its own interfaces. */
  readonly publicAddresses: readonly Address[]
}

const ENDPOINT = 'http://169.254.169.254'
const TIMEOUT_MS = 1_000
const TOKEN_SECONDS = 60
/** Longer than anything that is asked for here. */
const LONGEST_ANSWER = 1_024

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Asks the instance metadata service, version 2 only: a token by PUT, then with it what is wanted. Throws within
 * about three seconds where there is no such service or it gives no instance id. The environment may name another endpoint
 * (AWS_EC2_METADATA_SERVICE_ENDPOINT) or forbid the question (AWS_EC2_METADATA_DISABLED), as for the AWS SDKs.
 *
 * @param patience begins with each question, and aborts when its answer is not waited for any longer
 */
export async function thisInstance(
  env: Environment = process.env,
  patience: () => AbortSignal = () => AbortSignal.timeout(TIMEOUT_MS),
): Promise<Instance> {
  if (env['AWS_EC2_METADATA_DISABLED']?.toLowerCase() === 'true') {
    throw unknown('AWS_EC2_METADATA_DISABLED is set', 'pass --host i-…, or unset it')
  }
  const endpoint = (env['AWS_EC2_METADATA_SERVICE_ENDPOINT'] || ENDPOINT).replace(/\/+$/, '')
  const advice =
    'pass --host i-…, or, in a container on an instance, set the hop limit of its metadata service to 2'
  const ask = (url: string, request: RequestInit) => answerTo(url, { ...request, signal: patience() })
  try {
    const token = await ask(`${endpoint}/latest/api/token`, {
      method: 'PUT',
      headers: { 'x-aws-ec2-metadata-token-ttl-seconds': String(TOKEN_SECONDS) },
    })
    const headers = { 'x-aws-ec2-metadata-token': token }
    const id = await ask(`${endpoint}/latest/meta-data/instance-id`, { headers })
    if (!/^i-[0-9a-f]{8,17}$/.test(id)) throw new Error(`it answered "${id.slice(0, 40)}"`)
    const addresses = await ask(`${endpoint}/latest/meta-data/public-ipv4`, { headers }).catch(() => '')
    return { id, publicAddresses: addressesIn(addresses) }
  } catch (error) {
    throw unknown(`the instance metadata service at ${endpoint} does not tell (${reason(error)})`, advice)
  }
}

async function answerTo(url: string, request: RequestInit): Promise<string> {
  const response = await fetch(url, { ...request, redirect: 'error' })
  const text = (await response.text()).slice(0, LONGEST_ANSWER).trim()
  if (response.ok) return text
  throw new Error(`it answered with status ${response.status}`)
}

function addressesIn(text: string): Address[] {
  return text.split(/\s+/).flatMap((word) => {
    const parsed = parseAddress(word)
    return parsed.ok ? [parsed.value] : []
  })
}

function unknown(why: string, advice: string): Error {
  return new Error(`Cannot tell which instance this is: ${why}; ${advice}`)
}

/** `fetch failed` alone says nothing; its cause does. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} s`
  return cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : error.message
}
