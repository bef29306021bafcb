// Writes schema.json: the types of Terraform's AWS provider that deploy/terraform
// uses, read from the npm package @cdktf/provider-aws (README.md has the command).
// That package carries its TypeScript in source maps, and there each attribute
// stands with its type and whether it is computed, optional or required.
//
//   node gen.mjs PACKAGE-FOLDER TYPE…
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [folder, ...wanted] = process.argv.slice(2);
if (!folder || !wanted.length) throw new Error("usage: node gen.mjs PACKAGE-FOLDER TYPE…, such as s3-bucket data-aws-caller-identity");

function source(type) {
  const js = readFileSync(join(folder, "lib", type, "index.js"), "utf8");
  const map = /sourceMappingURL=data:application\/json;base64,([A-Za-z0-9+/=]+)/.exec(js)[1];
  return JSON.parse(Buffer.from(map, "base64").toString()).sourcesContent[0];
}

// classes: name -> {base, body}
function classes(text) {
  const all = new Map();
  for (const m of text.matchAll(/^export class (\w+) extends cdktf\.(\w+)/gm)) {
    all.set(m[1], { base: m[2], body: text.slice(m.index, text.indexOf("\n}\n", m.index) + 3) });
  }
  return all;
}

// written: owner -> field -> {block, type, storage}, from what the package writes
// as HCL. The owner "" is the resource itself.
function written(text) {
  const fields = (body) => new Map([...body.matchAll(/^\s+(\w+): \{\n\s+value: .*?\n\s+isBlock: (true|false),\n\s+type: "(\w+)",\n\s+storageClassType: "(\w+)"/gm)]
    .map((m) => [m[1], { block: m[2] === "true", type: m[3], storage: m[4] }]));
  const all = new Map();
  for (const m of text.matchAll(/export function (\w+)ToHclTerraform\([^]*?\n}\n/g)) all.set(m[1].toLowerCase(), fields(m[0]));
  const own = /protected synthesizeHclAttributes\(\)[^]*?\n  }\n/.exec(text);
  all.set("", own ? fields(own[0]) : new Map());
  return all;
}

const plain = { string: "string", number: "number", boolean: "bool" };

function declared(type, hcl) {
  type = type.replaceAll(" | cdktf.IResolvable", "").trim();
  if (plain[type]) return plain[type];
  const list = /^(string|number)\[\]$/.exec(type);
  if (list) return [hcl?.type === "set" ? "set" : "list", list[1]];
  const map = /^\{ \[key: string\]: (string|boolean)/.exec(type);
  return map ? ["map", plain[map[1]]] : "dynamic";
}

// What is only computed has no declaration, but a getter.
function computed(code) {
  for (const [sign, type] of [["getStringAttribute", "string"], ["getNumberAttribute", "number"], ["getBooleanAttribute", "bool"],
    ["StringMap", ["map", "string"]], ["Fn.tolist", ["set", "string"]], ["getListAttribute", ["list", "string"]], ["getNumberListAttribute", ["list", "number"]]]) {
    if (code.includes(sign)) return type;
  }
  return "dynamic";
}

const field = /\/\/ (\w+) - computed: (true|false), optional: (true|false), required: (true|false)\n\s+([^]*?)(?=\n\s+\/\/ \w+ - computed|\n\s+\/\/ =====|\n}\n)/g;

const stored = { string: "string", number: "number", boolean: "bool", stringList: ["list", "string"], stringMap: ["map", "string"] };

// block is {a: {name: [type, flags]}, b: {name: [nesting, min, max, block]}}.
function block(all, hcl, name, owner) {
  const a = {}, b = {};
  for (const [, key, c, o, r, code] of all.get(name).body.matchAll(field)) {
    const as = hcl.get(owner)?.get(key);
    const made = /private _\w+ = new (\w+)\(/.exec(code)?.[1];
    if (made && all.has(made) && as?.block) {
      const many = made.endsWith("List");
      const element = many ? made.slice(0, -4) + "OutputReference" : made;
      if (!all.has(element)) continue;
      const nesting = as.type === "struct" ? "single" : as.type === "set" ? "set" : "list";
      b[key] = [nesting, r === "true" ? 1 : 0, many ? 0 : 1, block(all, hcl, element, element.slice(0, -"OutputReference".length).toLowerCase())];
      continue;
    }
    const type = /private _\w+\?: (.*?); /.exec(code);
    const inner = as?.block && /^(\w+)\[\]/.exec(type?.[1] ?? "")?.[1];
    if (inner) { // of the provider itself: no class, only what is written
      b[key] = ["list", 0, 0, { a: Object.fromEntries([...hcl.get(inner.toLowerCase())].map(([name, w]) => [name, [stored[w.storage] ?? "dynamic", "o"]])) }];
      continue;
    }
    a[key] = [type ? declared(type[1], as) : computed(code), (c === "true" ? "c" : "") + (o === "true" ? "o" : "") + (r === "true" ? "r" : "")];
  }
  return Object.keys(b).length ? { a, b } : { a };
}

const bases = { TerraformResource: "resources", TerraformDataSource: "data", TerraformProvider: "provider" };
const schema = { provider: {}, resources: {}, data: {} };
for (const type of ["provider", ...wanted]) {
  const text = source(type), all = classes(text);
  for (const [name, { base, body }] of all) {
    if (!bases[base]) continue;
    const called = /tfResourceType = "(\w+)"/.exec(body)[1];
    schema[bases[base]][called] = block(all, written(text), name, "");
  }
}
// One line a type, so that a change can be read.
const part = (types) => "{\n" + Object.keys(types).sort().map((t) => ` ${JSON.stringify(t)}: ${JSON.stringify(types[t])}`).join(",\n") + "\n}";
writeFileSync("schema.json", "{" + Object.keys(schema).map((k) => `"${k}": ${part(schema[k])}`).join(",\n") + "}\n");
