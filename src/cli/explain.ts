import { MasklineError } from '../kernel/errors.ts';

/** What a person reads when a command could not be done. No stack but for faults of ours. */
export function explain(error: unknown, usage: string): string {
  if (error instanceof MasklineError) return sentences(error.message, error.meaning.hint);
  const { code, hint, message, stack, syscall, path } = (error ?? {}) as {
    readonly code?: string;
    readonly hint?: string;
    readonly message?: string;
    readonly stack?: string;
    readonly syscall?: string;
    readonly path?: string;
  };
  if (typeof hint === 'string') return sentences(message ?? '', hint);
  if (code?.startsWith('ERR_PARSE_ARGS') === true) return sentences(message ?? '', `\n${usage}`);
  if (syscall === 'listen' || syscall === 'bind') return cannotListen(error as ListenError);
  if (syscall !== undefined && path !== undefined)
    return `${message ?? ''}\nCheck that path and who may write to it.`;
  return stack ?? String(error);
}

interface ListenError {
  readonly code?: string;
  readonly message: string;
  readonly address?: string;
  readonly port?: number;
}

function cannotListen({ code, message, address = '', port }: ListenError): string {
  const where = port === undefined ? address : `${address}:${port}`;
  if (code === 'EADDRINUSE')
    return `Cannot listen on ${where}: another program does.\nStop that program (a second Maskline, perhaps: ss -tulpn | grep ${port ?? ''}), or choose another port in the settings: sip.listen, http.port.`;
  if (code === 'EACCES')
    return `Cannot listen on ${where}: ports below 1024 need a privilege.\nChoose another port in the settings, or grant CAP_NET_BIND_SERVICE.`;
  if (code === 'EADDRNOTAVAIL')
    return `Cannot listen on ${where}: this machine does not have that address.\nCorrect the host in the settings (sip.listen, media.host, http.host); 0.0.0.0 means all addresses.`;
  return `Cannot listen on ${where}: ${message}\nCheck sip.listen and http in the settings.`;
}

/** Some messages hold their hint already. */
function sentences(message: string, hint: string): string {
  return message.includes(hint) ? message : `${message}\n${hint}`;
}
