"use strict";
// Whether the packages that package.json and its lock file ask for are in node_modules. Packages are looked for as Node
// does, by walking up the folders, and their package.json is read as a file: `exports` may hide it from require.
// Versions are compared by the semver that npm itself brings along.

const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const { createRequire } = require("node:module");
const path = require("node:path");

const FINDING_LIMIT = 200;
const SIZE_LIMIT = 64 << 20; // of a JSON file
const READS_LIMIT = 4000;
const OLDEST_NODE = 14;

const shown = (text) => String(text).replace(/(?<=\/\/)[^/@\s]*@/g, "");
const log = (text) => process.stderr.write(shown(text) + "\n");
const isTable = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const table = (value) => (isTable(value) ? value : {});

class Invalid extends Error {
  constructor(where, why) {
    super(why);
    this.where = where;
  }
}

/** Npm's own semver, found from npm as it would find it itself; undefined where there is no npm. */
function findTools() {
  const folders = (process.env.PATH || "").split(path.delimiter).filter(Boolean);
  const places = folders.map((folder) => path.join(folder, "npm"));
  const reads = [];
  let npm;
  for (const place of places) {
    reads.push(place);
    try {
      fs.accessSync(place, fs.constants.X_OK);
      npm = place;
      break;
    } catch {
      // the next one
    }
  }
  const beside = path.resolve(process.execPath, "../../lib/node_modules/npm/package.json");
  for (const start of [npm && fs.realpathSync(npm), beside]) {
    if (!start) continue;
    try {
      const own = createRequire(start);
      return { npm, reads, semver: own("semver"), npmVersion: npmVersion(start) };
    } catch {
      // a script that starts another npm, say
    }
  }
  return { npm, reads };
}

function npmVersion(start) {
  for (let folder = path.dirname(start); folder !== path.dirname(folder); folder = path.dirname(folder)) {
    try {
      const content = JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8"));
      if (content.name === "npm") return content.version;
    } catch {
      // further up
    }
  }
  return undefined;
}

class Look {
  constructor(root, settings) {
    this.root = root;
    this.settings = settings;
    this.folder = path.resolve(root, settings.directory || ".");
    this.findings = [];
    this.keys = new Set();
    this.reads = new Set([process.execPath]);
    this.packages = new Map(); // by folder
    this.tools = findTools();
    for (const file of this.tools.reads) this.reads.add(file);
  }

  relative(file) {
    const relative = path.relative(this.root, file);
    return relative.startsWith("..") ? file : relative || ".";
  }

  add(id, subject, message, more = {}) {
    const key = JSON.stringify([id, subject]);
    if (this.keys.has(key)) return;
    this.keys.add(key);
    this.findings.push({ id, subject: shown(subject), message: shown(message), ...more });
  }

  json(file, isNeeded = true) {
    this.reads.add(file);
    let text;
    try {
      if (fs.statSync(file).size > SIZE_LIMIT) throw new Invalid(this.relative(file), "is too large to be read");
      text = fs.readFileSync(file, "utf8").replace(/^\uFEFF/, "");
    } catch (error) {
      if (error instanceof Invalid) throw error;
      if (!isNeeded && (error.code === "ENOENT" || error.code === "ENOTDIR")) return undefined;
      throw new Invalid(this.relative(file), error.code === "ENOENT" ? "is missing" : `cannot be read (${error.code})`);
    }
    let content;
    try {
      content = JSON.parse(text);
    } catch {
      throw new Invalid(this.relative(file), "is not JSON");
    }
    if (!isTable(content)) throw new Invalid(this.relative(file), "is not a JSON object");
    return content;
  }

  /** The package.json of an installed package; undefined where there is none, null where it cannot be read. */
  installed(folder) {
    if (!this.packages.has(folder)) {
      let content;
      try {
        content = this.json(path.join(folder, "package.json"), false);
      } catch (error) {
        if (!(error instanceof Invalid)) throw error;
        content = null;
      }
      this.packages.set(folder, content);
    }
    return this.packages.get(folder);
  }

  /** Where Node would find a package from a folder: the first node_modules on the way up that has it. */
  find(name, from) {
    for (let folder = from; ; folder = path.dirname(folder)) {
      if (path.basename(folder) !== "node_modules") {
        const place = path.join(folder, "node_modules", name);
        if (this.installed(place) !== undefined) return place;
      }
      if (folder === path.dirname(folder)) return undefined;
    }
  }

  run() {
    try {
      this.manifest = this.json(path.join(this.folder, "package.json"));
      this.findLock();
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      this.add("invalid", error.where, `The file ${error.where} ${error.message}`);
      return this;
    }
    const modules = path.join(this.folder, "node_modules");
    this.reads.add(modules);
    this.reads.add(path.join(this.lockFolder, "node_modules"));
    for (const file of [".pnp.cjs", ".pnp.js"]) {
      if (fs.existsSync(path.join(this.lockFolder, file))) {
        const name = this.relative(path.join(this.lockFolder, file));
        this.skipped = `${name} is there: Yarn keeps packages without node_modules`;
        return this;
      }
    }
    this.engines();
    this.compareLock();
    const members = this.members();
    if (this.isEmpty(members)) return this;
    this.direct(this.manifest, this.folder);
    for (const [folder, manifest] of members) this.direct(manifest, folder);
    if (this.lock && this.settings.lock !== false) this.tree();
    return this;
  }

  // The lock file

  /** In the folder, or in that of the workspace which it belongs to. */
  findLock() {
    this.lockFolder = this.folder;
    for (let folder = this.folder; ; folder = path.dirname(folder)) {
      for (const name of ["npm-shrinkwrap.json", "package-lock.json"]) {
        const file = path.join(folder, name);
        const content = this.json(file, false);
        if (content && (folder === this.folder || this.isMember(content, folder))) {
          this.lock = content;
          this.lockFile = file;
          this.lockFolder = folder;
          return this.useLock();
        }
      }
      for (const [name, hint] of [
        ["yarn.lock", "yarn install --immutable"],
        ["pnpm-lock.yaml", "pnpm install --frozen-lockfile"],
        ["bun.lock", "bun install --frozen-lockfile"],
        ["bun.lockb", "bun install --frozen-lockfile"],
      ]) {
        if (fs.existsSync(path.join(folder, name))) {
          this.otherTool = { name, hint };
          this.lockFolder = folder;
          return undefined;
        }
      }
      if (folder === this.root || folder === path.dirname(folder)) return undefined;
    }
  }

  isMember(lock, folder) {
    const entries = table(lock.packages);
    return isTable(entries[path.relative(folder, this.folder).split(path.sep).join("/")]);
  }

  useLock() {
    if (isTable(this.lock.packages)) {
      this.entries = Object.entries(this.lock.packages).filter(([key, entry]) => key !== "" && isTable(entry));
      return;
    }
    // Version 1: a tree.
    this.entries = [];
    const walk = (dependencies, base) => {
      for (const [name, entry] of Object.entries(table(dependencies))) {
        if (!isTable(entry)) continue;
        const key = `${base}node_modules/${name}`;
        const version = /^[0-9]/.test(entry.version) ? entry.version : undefined;
        this.entries.push([key, { ...entry, version }]);
        walk(entry.dependencies, `${key}/`);
      }
    };
    walk(this.lock.dependencies, "");
  }

  /** What npm ci compares before it installs anything. */
  compareLock() {
    if (!this.lock || !isTable(this.lock.packages)) return;
    const key = path.relative(this.lockFolder, this.folder).split(path.sep).join("/");
    const noted = table(this.lock.packages[key]);
    const versions = new Map(this.entries);
    const differing = [];
    for (const kind of ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"]) {
      const [stated, locked] = [table(this.manifest[kind]), table(noted[kind])];
      // npm itself moves what is optional out of dependencies.
      const optional = table(this.manifest.optionalDependencies);
      for (const name of new Set([...Object.keys(stated), ...Object.keys(locked)])) {
        if (kind === "dependencies" && name in optional) continue;
        if (stated[name] === locked[name] || stated[name] === undefined) continue;
        // Another way to say it does not matter, as long as what is locked is wanted still.
        const entry = versions.get(`node_modules/${name}`);
        const isRange = typeof stated[name] === "string" && !/[:/]/.test(stated[name]);
        if (entry && entry.version && isRange && this.satisfies(entry, stated[name], name) !== false) continue;
        differing.push(name);
      }
    }
    if (differing.length === 0) return;
    this.isLockStale = true;
    const file = this.relative(this.lockFile);
    const names = [...new Set(differing)].sort();
    this.add("lock", file, `The file ${file} does not fit package.json: ${some(names)}`, {
      hint: `npm install, then commit ${path.basename(this.lockFile)}`,
    });
  }

  // Workspaces

  members() {
    if (this.lockFolder !== this.folder) return [];
    const stated = this.manifest.workspaces;
    const patterns = Array.isArray(stated) ? stated : table(stated).packages;
    const folders = new Set();
    for (const pattern of Array.isArray(patterns) ? patterns : []) {
      const parts = String(pattern).replace(/^\.?\//, "").split("/").filter(Boolean);
      for (const folder of this.glob(parts, this.folder)) folders.add(folder);
    }
    const members = [];
    for (const folder of folders) {
      const manifest = this.installed(folder);
      const name = this.relative(folder);
      if (manifest === null) this.add("invalid", name, `The package.json of ${name} cannot be read`);
      if (manifest) members.push([folder, manifest]);
    }
    return members;
  }

  /** Folders that a workspace's pattern names: `packages/*`, `apps/web`, `libs/**`. */
  glob(parts, folder) {
    if (parts.length === 0) return [folder];
    const [first, ...rest] = parts;
    if (!/[*?]/.test(first)) {
      const next = path.join(folder, first);
      return fs.existsSync(next) ? this.glob(rest, next) : [];
    }
    this.reads.add(folder);
    let folders = [];
    try {
      const entries = fs.readdirSync(folder, { withFileTypes: true });
      const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
      folders = names.filter((name) => name !== "node_modules");
    } catch {
      return [];
    }
    if (first === "**") {
      return [...this.glob(rest, folder), ...folders.flatMap((name) => this.glob(parts, path.join(folder, name)))];
    }
    const escaped = first.replace(/[.+^${}()|[\]\\]/g, "\\$&").replace(/\*/g, "[^/]*").replace(/\?/g, "[^/]");
    const matcher = new RegExp(`^${escaped}$`);
    const chosen = folders.filter((name) => matcher.test(name));
    return chosen.flatMap((name) => this.glob(rest, path.join(folder, name)));
  }

  // Judging

  engines() {
    const engines = table(this.manifest.engines);
    const { semver, npmVersion: npm } = this.tools;
    for (const [name, version] of [["node", process.version.slice(1)], ["npm", npm]]) {
      const range = engines[name];
      if (typeof range !== "string" || !version) continue;
      if (!semver) {
        const message = `Whether ${name} ${version} is what package.json wants (${range}) cannot be told without npm`;
        this.add("unverified", name, message);
      } else if (!semver.satisfies(version, range, { includePrerelease: true })) {
        const title = name === "node" ? "Node.js" : "npm";
        this.add("engines", name, `The version of ${title} is ${version}, and package.json wants ${range}`, {
          hint: `Install ${title} ${range}`, evidence: { wanted: range, installed: version },
        });
      }
    }
  }

  needed(manifest) {
    const optional = table(manifest.optionalDependencies);
    const groups = [["dependencies", "needed"], ["optionalDependencies", "optional"]];
    if (this.settings.dev === true) groups.push(["devDependencies", "needed"]);
    if (this.settings.peer !== false) groups.push(["peerDependencies", "peer"]);
    const needed = new Map();
    for (const [group, kind] of groups) {
      for (const [name, spec] of Object.entries(table(manifest[group]))) {
        if (typeof spec !== "string" || (group === "dependencies" && name in optional) || needed.has(name)) continue;
        if (!/^(@[^/\\]+\/)?[^/\\]+$/.test(name) || name.startsWith(".")) {
          this.add("invalid", name, `What package.json names '${name}' can be no package`);
          continue;
        }
        const isOptional = kind === "peer" && table(table(manifest.peerDependenciesMeta)[name]).optional === true;
        needed.set(name, [spec, isOptional ? "optional" : kind]);
      }
    }
    return needed;
  }

  /** Whether nothing at all is installed, which is one finding, not hundreds. */
  isEmpty(members) {
    const manifests = [[this.folder, this.manifest], ...members];
    let count = 0;
    for (const [folder, manifest] of manifests) {
      for (const [name, [, kind]] of this.needed(manifest)) {
        if (kind !== "needed") continue;
        if (this.find(name, folder)) return false;
        count += 1;
      }
    }
    if (count === 0 || fs.existsSync(path.join(this.lockFolder, "node_modules"))) return false;
    const name = this.relative(path.join(this.lockFolder, "node_modules"));
    const plural = count === 1 ? "1 package is" : `${count} packages are`;
    this.add("missing", name, `No packages are installed: ${name} is missing, and ${plural} needed`, this.repair());
    return true;
  }

  repair() {
    const folder = this.relative(this.lockFolder);
    const where = folder === "." ? "" : ` in ${folder}`;
    if (this.otherTool) return { hint: `${this.otherTool.hint} (${this.otherTool.name} is there)` };
    if (this.isLockStale) return { hint: "npm install: npm ci refuses a lock file that does not fit package.json" };
    if (!this.tools.npm) return { hint: "There is no npm on PATH" };
    const command = this.lock ? "npm ci" : "npm install";
    return {
      repair: {
        title: `Installing the Node packages${where} with ${command}`, done: `Installed the Node packages${where}`,
        detail: `by ${command}`, install: true,
      },
    };
  }

  direct(manifest, folder) {
    const file = this.relative(path.join(folder, "package.json"));
    for (const [name, [spec, kind]] of this.needed(manifest)) {
      const place = this.find(name, folder);
      const wants = `${file} asks for ${name} ${spec}`;
      if (!place) {
        if (kind === "optional") continue;
        const message = `The Node package ${name} is not installed; ${wants}`;
        this.add(kind === "peer" ? "peer" : "missing", name, message, {
          evidence: { wanted: spec }, ...(kind === "peer" ? { hint: `npm install ${name}` } : this.repair()),
        });
        continue;
      }
      const found = this.installed(place);
      const where = this.relative(place);
      if (found === null || typeof found.version !== "string") {
        // A folder of the application itself needs no version.
        if (found && !/^[~^<>=]?\d/.test(spec)) continue;
        const message = `The Node package ${name} in ${where} is damaged: it states no version`;
        this.add("version", name, message, this.repair());
        continue;
      }
      const verdict = this.satisfies(found, spec, name);
      if (verdict === undefined) {
        const message = `Whether ${name} ${found.version} is what is wanted cannot be told without npm; ${wants}`;
        this.add("unverified", name, message);
      } else if (!verdict) {
        const message = `The Node package ${name} ${found.version} in ${where} is not what is wanted: ${wants}`;
        const evidence = { wanted: spec, installed: found.version };
        if (kind === "needed") this.add("version", name, message, { evidence, ...this.repair() });
        else this.add(kind === "peer" ? "peer" : "version", name, message, { evidence, severity: "warning" });
      }
    }
  }

  /** Undefined: it cannot be told. */
  satisfies(found, spec, name) {
    const { semver } = this.tools;
    let range = spec.trim();
    const alias = /^npm:(@?[^@]+)(?:@(.*))?$/.exec(range);
    if (alias) {
      if (found.name !== alias[1]) return false;
      range = alias[2] || "*";
    }
    // A folder, a URL, a repository, another member of the workspace: its version is its own business.
    if (/[:/]/.test(range) || range.startsWith(".") || range.startsWith("~/")) return true;
    if (semver) {
      // A tag, such as latest, is what it was when it was installed.
      if (semver.validRange(range, true) === null) return true;
      return semver.satisfies(found.version, range, { loose: true });
    }
    const locked = (this.entries || []).find(([key]) => key === `node_modules/${name}`);
    if (locked && locked[1].version) return locked[1].version === found.version;
    return range === found.version ? true : undefined;
  }

  /** Everything that the lock file states, where it states it. */
  tree() {
    const wantsDev = this.settings.dev === true;
    const lock = this.relative(this.lockFile);
    for (const [key, entry] of this.entries) {
      if (!key.includes("node_modules/") || entry.extraneous) continue;
      const folder = path.join(this.lockFolder, key);
      const name = key.slice(key.lastIndexOf("node_modules/") + "node_modules/".length);
      const found = this.installed(folder);
      if (found === undefined) {
        if (entry.optional || entry.devOptional || entry.inBundle || (entry.dev && !wantsDev)) continue;
        if (entry.peer && this.settings.peer === false) continue;
        // A package that is needed by name was told already.
        const where = this.relative(folder);
        if (this.keys.has(JSON.stringify(["missing", name]))) continue;
        const message = `The Node package ${name} is not installed: ${lock} has it as ${where}`;
        this.add("missing", where, message, this.repair());
        continue;
      }
      if (entry.link || !entry.version || (entry.dev && !wantsDev)) continue;
      const version = found && found.version;
      if (version === entry.version || this.keys.has(JSON.stringify(["version", name]))) continue;
      const where = this.relative(folder);
      const is = version ? `is installed in version ${version}` : "states no version";
      this.add("mismatch", where, `The Node package ${name} ${is}, and ${lock} has ${entry.version} as ${where}`, {
        evidence: { wanted: entry.version, installed: version || "none" }, ...this.repair(),
      });
    }
  }

  answer() {
    const answer = { protocol: 1, findings: this.findings.slice(0, FINDING_LIMIT) };
    if (this.findings.length > FINDING_LIMIT) log(`${this.findings.length - FINDING_LIMIT} more findings are left out`);
    if (this.skipped) answer.skipped = this.skipped;
    if (this.reads.size <= READS_LIMIT) {
      answer.reads = { files: [...this.reads] };
    } else {
      // More than is worth remembering. An answer with measurements is not kept.
      answer.measurements = [{ label: "packages", value: this.packages.size }];
    }
    if (this.findings.length === 0 && !this.skipped) {
      const count = [...this.packages.values()].filter(Boolean).length;
      const lock = this.lock ? ` and ${path.basename(this.lockFile)} ask` : " asks";
      const packages = count === 1 ? "1 Node package is" : `${count} Node packages are`;
      answer.confirmations = [`${packages} as package.json${lock}`];
    }
    return answer;
  }
}

function some(names) {
  return names.slice(0, 5).join(", ") + (names.length > 5 ? ` and ${names.length - 5} more` : "");
}

/** Has npm install everything: it knows how. */
function heal(root, settings, asked, rehearses) {
  const look = new Look(root, settings).run();
  const ids = asked.map((entry) => ({
    id: String(entry.id).replace(/^node-modules\./, ""), subject: entry.subject || "",
  }));
  let failure;
  let message;
  if (look.findings.some((finding) => finding.repair)) {
    const command = look.lock ? "ci" : "install";
    const words = [command, "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=warn"];
    // What was installed for developers stays: npm ci makes everything anew.
    if (settings.dev !== true && !hasDevPackages(look)) words.push("--omit=dev");
    if (settings.ignore_scripts === true) words.push("--ignore-scripts");
    if (rehearses) {
      message = `would run npm ${words.join(" ")} in ${look.relative(look.lockFolder)}`;
    } else {
      log(`$ ${look.tools.npm} ${words.join(" ")}`);
      const done = spawnSync(look.tools.npm, words, {
        cwd: look.lockFolder, stdio: ["ignore", "pipe", "pipe"], encoding: "utf8", maxBuffer: 64 << 20,
      });
      const said = `${done.stdout || ""}${done.stderr || ""}`.trim();
      log(said);
      if (done.status !== 0) {
        const isError = (line) => /^npm (ERR!|error)/.test(line) && !/log of this run/.test(line);
        const errors = said.split("\n").filter(isError).map((line) => line.replace(/^npm (ERR!|error)\s*/, ""));
        const reason = errors.filter(Boolean).slice(0, 3).join("; ");
        failure = `npm ${command} ended with exit code ${done.status}${reason ? `: ${reason}` : ""}`;
      } else {
        message = `npm ${command}${words.includes("--omit=dev") ? ", without what is for developers" : ""}`;
      }
    }
  }
  const remaining = rehearses ? [] : new Look(root, settings).run().findings;
  const left = new Set(remaining.map((entry) => `${entry.id} ${entry.subject}`));
  return ids.map(({ id, subject }) => {
    const isGood = !failure && !left.has(`${id} ${subject}`);
    const text = isGood ? message : failure || `${subject} is still not as it should be after npm`;
    return { id, subject, outcome: isGood ? "healed" : "failed", ...(text ? { message: shown(text) } : {}) };
  });
}

function hasDevPackages(look) {
  const isThere = (key) => look.installed(path.join(look.lockFolder, key)) !== undefined;
  if (look.entries) return look.entries.some(([key, entry]) => entry.dev && isThere(key));
  return Object.keys(table(look.manifest.devDependencies)).some((name) => look.find(name, look.folder));
}

function main() {
  const action = process.argv[2];
  let request;
  try {
    request = JSON.parse(fs.readFileSync(0, "utf8"));
    if (!isTable(request) || request.protocol !== 1 || typeof request.root !== "string") throw new Error();
  } catch {
    process.stderr.write("the request on standard input is not one of protocol 1\n");
    process.exitCode = 65;
    return;
  }
  const root = fs.realpathSync(request.root);
  const settings = table(request.settings);
  let answer;
  if (Number(process.versions.node.split(".")[0]) < OLDEST_NODE) {
    const message = `Node.js ${process.versions.node} is too old to be asked; ${OLDEST_NODE} is the oldest that can`;
    answer = { protocol: 1, findings: [{ id: "node", message }] };
  } else if (action === "heal") {
    const asked = Array.isArray(request.findings) ? request.findings.filter(isTable) : [];
    answer = { protocol: 1, outcomes: heal(root, settings, asked, request.dry_run === true) };
  } else {
    answer = new Look(root, settings).run().answer();
  }
  process.stdout.write(JSON.stringify(answer));
}

main();
