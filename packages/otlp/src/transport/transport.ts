/** What became of one attempt. */
export type Attempt =
  | {
      readonly ok: true;
      /** Points the receiver refused although the request succeeded; 0 normally. */
      readonly rejectedPoints: number;
      readonly message: string;
    }
  | FailedAttempt;

export interface FailedAttempt {
  readonly ok: false;
  /** A gRPC status code. */
  readonly code: number;
  /** The status message, untrusted text. */
  readonly details: string;
  /** The receiver's `google.rpc.RetryInfo`, if it sent one. */
  readonly retryDelayMillis: number | undefined;
}

/** Sends serialized requests to one destination. */
export interface Transport {
  /** Never rejects. An aborted attempt answers CANCELLED (1). */
  send(
    bytes: Uint8Array,
    options: { readonly timeoutMillis: number; readonly signal?: AbortSignal },
  ): Promise<Attempt>;
  /** Whether the connection is up: an attempt that fails now was answered, or broke on its way. */
  readonly ready: boolean;
  /** Calls back each time the connection becomes ready; returns how to stop it. */
  onReady(listener: () => void): () => void;
  /** Throws the connection away and starts a new one. */
  recreate(): void;
  close(): void;
}
