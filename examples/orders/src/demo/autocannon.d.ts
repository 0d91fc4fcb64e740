// The part of autocannon that the demo uses; the package has no types.
declare module 'autocannon' {
  interface Request {
    method: string;
    path: string;
    headers: Record<string, string>;
    body: string;
  }

  interface Instance {
    on(event: 'response', listener: (client: unknown, statusCode: number) => void): this;
    on(event: 'reqError', listener: (error: Error) => void): this;
    on(event: 'done', listener: () => void): this;
    stop(): void;
  }

  function autocannon(
    options: {
      readonly url: string;
      readonly connections: number;
      /** Seconds. */
      readonly duration: number;
      readonly requests: readonly { readonly setupRequest: (request: Request) => Request }[];
    },
    done: (error: Error | null) => void,
  ): Instance;

  // biome-ignore lint/style/noDefaultExport: so it is in the package
  export default autocannon;
}
