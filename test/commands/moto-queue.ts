import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { SQS } from '@aws-sdk/client-sqs'

/** A queue of a moto server on a port of one's choice, so that it can be away for a while and come again. */
export interface MotoQueue {
  /** Takes all messages out and returns their bodies. */
  drain(): Promise<string[]>
  stop(): Promise<void>
}

const REGION = 'eu-west-1'
const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'LOCAL', AWS_SECRET_ACCESS_KEY: 'local' }

/** The environment of a command that is to find its AWS on that port, and nothing else. */
export function motoEnvironment(port: number): NodeJS.ProcessEnv {
  return {
    ...process.env,
    ...CREDENTIALS,
    AWS_REGION: REGION,
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    AWS_EC2_METADATA_DISABLED: 'true',
    NODE_NO_WARNINGS: '1',
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address !== null && typeof address === 'object') return address.port
  throw new Error('Cannot find a free port')
}

/** Fails, with no process left behind, where moto does not start. */
export async function startMotoQueue(port: number, name: string): Promise<MotoQueue> {
  const options = ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)]
  const child = spawn('python3', options, { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = once(child, 'exit')
  const stop = async () => {
    child.kill('SIGKILL')
    await ended
  }
  try {
    await listening(createInterface({ input: child.stderr }))
    return { ...(await newQueue(port, name)), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function newQueue(port: number, name: string): Promise<Pick<MotoQueue, 'drain'>> {
  const sqs = new SQS({
    endpoint: `http://127.0.0.1:${port}`,
    region: REGION,
    credentials: { accessKeyId: 'LOCAL', secretAccessKey: 'local' },
    useQueueUrlAsEndpoint: false,
  })
  const { QueueUrl } = await sqs.createQueue({ QueueName: name })
  return {
    async drain() {
      const bodies: string[] = []
      for (;;) {
        const { Messages = [] } = await sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10 })
        if (Messages.length === 0) return bodies
        bodies.push(...Messages.map(({ Body }) => Body!))
      }
    },
  }
}

function listening(lines: NodeJS.EventEmitter): Promise<void> {
  return new Promise((resolve, reject) => {
    lines.on('line', (line: string) => {
      if (line.includes('Running on http://')) resolve()
    })
    lines.on('close', () => reject(new Error('Cannot start moto; it ended')))
  })
}
