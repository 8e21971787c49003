const SECRET_NAME =
  /secret|pass|pwd|\bpin\b|\botp\b|token|ticket|key|credential|auth|code|session|sig|jwt|assertion|saml/i;

/**
 * @param query raw query with its `?`, or an empty string
 * @returns the same with `***` for the values of parameters that may be secrets
 */
export function withoutSecrets(query: string): string {
  return query.replace(/[^&;]+/g, (parameter) => {
    // A value may be a URL with a query of its own, and a secret may contain a question mark.
    const parts = parameter.split('?');
    const first = parts.findIndex((part) => SECRET_NAME.test(decoded(nameIn(part))));
    return first === -1 ? parameter : `${[...parts.slice(0, first), nameIn(parts[first])].join('?')}=***`;
  });
}

function nameIn(parameter = ''): string {
  return parameter.slice(0, Math.max(0, parameter.indexOf('=')));
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
