// Questions to the server. Every answer belongs to one version of the data, and is asked for once.

const MOST_KEPT = 400;
const POLL_MS = 300;
const answers = new Map();
let version = null;

export class ApiError extends Error {
  constructor(status, { code = "failed", message = "The server gave no answer.", remedy = "" } = {}) {
    super(message);
    Object.assign(this, { status, code, remedy });
  }
}

/** From now on everything is asked of this version. */
export function useVersion(of) {
  version = of;
  answers.clear();
}

export const usedVersion = () => version;

/** The address of a question, also for links to files. Parameters may be lists; null is left out. */
export function address(path, parameters = {}) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries({ ...parameters, v: parameters.v ?? version })) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined && one !== "") query.append(key, one);
    }
  }
  return `/api/${path}${query.size ? `?${query}` : ""}`;
}

/** The answer to a question, from memory when it was asked before. */
export function ask(path, parameters) {
  const url = address(path, parameters);
  const known = answers.get(url);
  if (known) {
    answers.delete(url);
    answers.set(url, known);
    return known;
  }
  const answer = fetched(url);
  answers.set(url, answer);
  answer.then((got) => { if (got.state) answers.delete(url); }, () => answers.delete(url));
  if (answers.size > MOST_KEPT) answers.delete(answers.keys().next().value);
  return answer;
}

/** Computes what takes long, telling how far it is; the answer as of `ask`. */
export async function compute(path, parameters, onProgress) {
  let got = await fetched(address(path, { ...parameters, compute: 1 }));
  while (got.state === "running") {
    await new Promise((done) => setTimeout(done, POLL_MS));
    const job = await fetched(`/api/jobs/${encodeURIComponent(got.job)}`);
    onProgress(job.progress);
    if (job.state === "failed") throw new ApiError(500, job.error);
    if (job.state === "done") got = await fetched(address(path, parameters));
  }
  return got;
}

/** Straight from the server: what must never be old. */
export async function fetched(url) {
  let response;
  try {
    response = await fetch(url, { headers: { accept: "application/json" } });
  } catch {
    throw new ApiError(0, { code: "unreachable", message: "The server does not answer.", remedy: "Is 'sales dashboard' still running? Start it again." });
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new ApiError(response.status, body.error);
  return body;
}
