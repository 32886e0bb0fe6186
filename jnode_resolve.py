import re,sys
def sides(path, pick):
    s=open(path).read()
    n=[0]
    def f(m):
        i=n[0]; n[0]+=1
        p=pick[i] if isinstance(pick,list) else pick
        if callable(p): return p(m[1],m[2])
        return p if p not in('ours','theirs','both') else {'ours':m[1],'theirs':m[2],'both':m[1]+m[2]}[p]
    s=re.sub(r'<<<<<<< HEAD\n(.*?)=======\n(.*?)>>>>>>> work/node\n',f,s,flags=re.S)
    open(path,'w').write(s); print(path,n[0])
sides('bindgen/src/callers.rs',['''pub const FOLDERS: &[&str] = &[
    "conformance/runners/c/generated",
    "conformance/runners/node/generated",
    "conformance/runners/rust/src/generated",
];
'''])
sides('conformance/README.md','ours')
sides('docs/architecture.md',['''bindgen/               reads the compiled core's interface, writes the C, Node and Python bindings, and what the runners call
''','''  runners/             a short program per language (C, Node, Python, Rust) that makes any call; all these runs go through it
  orders/              what must become of orders, as cases; the judge that compares languages with them and with one another
  items/               every public item with its docs, in each language
'''])
sides('xtask/src/lint.rs',['use crate::{conformance, node, python, samples, setup};\n'])
sides('xtask/src/main.rs',['mod made_up;\nmod mutate;\nmod node;\n','''  lint                  formatting, samples in pages, clippy, ruff, mypy, tsc: every warning is an error
  mutate [GUARD|RULE ...]
                        each guard of the rules of orders switched off: its tests are green with it and red without
  kills [--language L]  a process killed at every crash point (rust, c, python, node; all by default)
'''])
