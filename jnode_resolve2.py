exec(open('/tmp/w/mine/jnode_resolve.py').read().split("sides('bindgen")[0])
sides('xtask/src/setup.rs',['both','''        For::Tests => programs.extend(PROGRAMS_OF_SELLERS.into_iter().chain(PROGRAMS_OF_TESTS)),
        For::Packages => programs.extend(PROGRAMS_OF_SELLERS.into_iter().chain(PROGRAMS_OF_PACKAGES)),
        For::Sellers => programs.extend(PROGRAMS_OF_SELLERS),
        For::Benches => programs.extend(PROGRAMS_OF_BENCHES),
'''])
sides('xtask/src/operations.rs',['''    let python_runner = conformance.join("runners/python/runner.py");
    let languages: [(&str, Vec<PathBuf>); 4] = [
        ("Rust", vec![tree.program("tillgate-runner")]),
        ("C", vec![c::watched_runner(tree)?]),
        ("Python", vec![setup::interpreter(tree), python_runner]),
        ("Node", vec![PathBuf::from("node"), conformance.join("runners/node/runner.mjs")]),
'''])
sides('xtask/src/test.rs',['''    bench, c, cargo_tests, conformance, demo, disks, document, fuzz, generate, kills, mutate, node, operations,
    python, setup, simulate,
''','''    report.cases("fuzzing, bounded", || fuzz::bounded(tree));
    let panicked = || Err(anyhow::anyhow!("setting it up panicked"));
    let (python_tools, node_tools) = tools.unwrap_or_else(|_| (panicked(), panicked()));
    let tools = report.prepare("set-up: tools for Python", || python_tools);
''','''        if node {
            report.cases("every operation, parameter and field", || operations::run(tree));
            report
                .cases("what becomes of orders, in each language", || conformance::run(tree, &Language::ALL));
            report.cases("what each language offers", || conformance::items(tree, &programs));
        } else {
            report.given_up("conformance", "Node's set-up failed");
        }
        report.cases("benches, in small", || bench::small(tree));
'''])
