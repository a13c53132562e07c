//! `cargo xtask guarantees`: runs the conformance suite on every backend of this house and writes
//! what became of it into README.md.

use clap::Args;

use crate::page::{self, Marks};
use crate::servers::{self, CONTAINERS_FEATURE, Plan, Servers};
use crate::workspace::Workspace;
use crate::{Result, shell};

/// Where the table stands.
const PAGE: &str = "README.md";
const MARKS: Marks = Marks {
    begin: "<!-- guarantees: written by `cargo xtask guarantees` -->\n",
    end: "<!-- end of guarantees -->\n",
};

/// A backend under the suite: how the table calls it, and the test program that runs it.
struct Column {
    title: &'static str,
    package: &'static str,
    features: &'static [&'static str],
    test: &'static str,
    /// Whether its tests look for a server.
    server: bool,
}

/// The columns of the table. A new backend is one more entry.
const COLUMNS: &[Column] = &[
    Column {
        title: "memory",
        package: "resque-memory",
        features: &[],
        test: "conformance",
        server: false,
    },
    Column {
        title: "Redis, by `redis`",
        package: "resque-redis",
        features: &["resque-redis/redis"],
        test: "conformance_redis",
        server: true,
    },
    Column {
        title: "Redis, by `fred`",
        package: "resque-redis",
        features: &["resque-redis/fred"],
        test: "conformance_fred",
        server: true,
    },
    Column {
        title: "Postgres",
        package: "resque-postgres",
        features: &[],
        test: "conformance",
        server: true,
    },
    Column {
        title: "[a file](examples/custom-backend)",
        package: "custom-backend",
        features: &[],
        test: "conformance",
        server: false,
    },
];

#[derive(Args, Debug, Default)]
pub(crate) struct Options {
    /// Takes servers from here only; otherwise the first that is there: env, containers, local
    #[arg(long, value_enum)]
    servers: Option<Servers>,
}

/// One guarantee of one backend, as the suite tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    number: String,
    promise: String,
    cases: String,
    result: String,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let plan = servers::ensure(options.servers)?;
    let mut results = Vec::new();
    for column in COLUMNS {
        results.push(shell::step(column.title, || column.run(&plan))?);
    }
    let table = table(&results)?;
    page::write(&Workspace::read()?, PAGE, &MARKS, &table)
}

impl Column {
    fn run(&self, plan: &Plan) -> Result<Vec<Row>> {
        let mut features = self.features.to_vec();
        if plan.containers && self.server {
            features.push(CONTAINERS_FEATURE);
        }
        let mut command = shell::cargo();
        command
            .args(["test", "--quiet", "--package", self.package])
            .args(["--features", &features.join(",")])
            .args(["--test", self.test])
            .args(["--", "--ignored", "--exact", "conformance_report"]);
        plan.tell(&mut command);
        let rows = rows(&shell::read(&mut command)?);
        if rows.is_empty() {
            return Err(format!("the test `{}` wrote no table", self.test).into());
        }
        Ok(rows)
    }
}

/// The rows of the table in what a test program wrote.
fn rows(output: &str) -> Vec<Row> {
    let cells = |line: &str| -> Option<[String; 4]> {
        let inner = line.strip_prefix("| ")?.strip_suffix(" |")?;
        let cells: Vec<_> = inner.split(" | ").map(str::to_owned).collect();
        cells.try_into().ok()
    };
    let rows = output.lines().filter_map(cells);
    let rows = rows.map(|[number, promise, cases, result]| Row {
        number,
        promise,
        cases,
        result,
    });
    // The head has no number of cases.
    rows.filter(|row| row.cases.parse::<u32>().is_ok())
        .collect()
}

/// One table of all columns; they must tell of the same cases.
fn table(results: &[Vec<Row>]) -> Result<String> {
    let titles: Vec<_> = COLUMNS.iter().map(|column| column.title).collect();
    let mut table = format!(
        "| | promise | cases | {} |\n|---|---|---:|{}\n",
        titles.join(" | "),
        "---|".repeat(titles.len())
    );
    for (index, first) in results.first().into_iter().flatten().enumerate() {
        let mut line = format!("| {} | {} | {} |", first.number, first.promise, first.cases);
        for (title, rows) in titles.iter().zip(results) {
            match rows.get(index) {
                Some(row) if (&row.number, &row.cases) == (&first.number, &first.cases) => {
                    line.push_str(&format!(" {} |", row.result));
                }
                _ => return Err(format!("{title} ran other cases than {}", titles[0]).into()),
            }
        }
        table.push_str(&line);
        table.push('\n');
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "\nrunning 1 test\n\n| | guarantee | cases | result |\n|---|---|---:|---|\n\
        | G1 | **one place**: never two | 12 | 12 kept |\n\
        | – | **rules**: the rest | 3 | 2 kept, 1 not offered |\n.\n";

    #[test]
    fn rows_are_read_from_what_a_test_program_writes() {
        let rows = rows(OUTPUT);
        assert_eq!(rows.len(), 2);
        assert_eq!((&*rows[0].number, &*rows[0].cases), ("G1", "12"));
        assert_eq!(rows[1].result, "2 kept, 1 not offered");
    }

    #[test]
    fn every_backend_is_a_column_and_other_cases_are_refused() {
        let same = vec![rows(OUTPUT); COLUMNS.len()];
        let table = table(&same).unwrap();
        let line = table.lines().nth(2).unwrap();
        assert_eq!(line.matches("12 kept").count(), COLUMNS.len());
        let mut other = same;
        other[1][0].cases = "11".to_owned();
        let error = super::table(&other).unwrap_err().to_string();
        assert!(error.contains(COLUMNS[1].title), "{error}");
    }
}
