/**
 * An error that AWS answers with. The SDK surfaces the code as `error.name` and the status as
 * `error.$metadata.httpStatusCode`.
 */
export class AwsError extends Error {
  readonly code: string
  /** HTTP status; EC2 answers 400 to every mistake of the client but for a few (412 to a dry run). */
  readonly status: number

  constructor(code: string, message: string, status = 400) {
    super(message)
    this.name = 'AwsError'
    this.code = code
    this.status = status
  }
}
