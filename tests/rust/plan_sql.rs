//! SQL text through the resolver to rows: what the parity programs ask PySpark, asked here without
//! Python.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow::array::RecordBatch;
use firesteel::batch::Batch;
use firesteel::config::Conf;
use firesteel::error::{Error, Result};
use firesteel::function::Function;
use firesteel::plan::Resolved;
use firesteel::plan::finish::{Env, finish};
use firesteel::plan::pass::Inputs;
use firesteel::plan::resolve::{Names, ResolveContext, resolve};
use firesteel::plan::sql::Sql;
use firesteel::plan::tree::{Expr, JoinKind, JoinOn, Relation, Statement};
use firesteel::runtime::clock::SystemClock;
use firesteel::runtime::{Cancel, Runtime};
use firesteel::types::display::{Style, to_strings};
use firesteel::types::simple_name;
use firesteel::types::zone::Zone;
use futures::TryStreamExt;

/// A session's names, of which there are none but registered functions.
#[derive(Default)]
struct Registered(Vec<(String, Arc<dyn Function>)>);

impl Names for Registered {
    fn table(&self, parts: &[String]) -> Result<Relation> {
        Err(Error::of(firesteel::error::condition::TABLE_OR_VIEW_NOT_FOUND).with("relationName", parts.join(".")))
    }

    fn function(&self, name: &str) -> Option<Arc<dyn Function>> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, function)| Arc::clone(function))
    }
}

pub struct Engine {
    env: Arc<Env>,
    zone: Zone,
    names: Registered,
}

impl Engine {
    pub fn new() -> Self {
        let mut conf = Conf::default();
        conf.set("spark.sql.session.timeZone", "UTC");
        let runtime = Runtime::new(2).unwrap();
        let env = Env::new(Arc::new(conf), runtime, Arc::new(SystemClock::default())).unwrap();
        Self { env: Arc::new(env), zone: Zone::of("UTC").unwrap(), names: Registered::default() }
    }

    fn resolve_tree(&self, relation: &Relation) -> Result<Resolved> {
        resolve(relation, &ResolveContext { conf: &self.env.conf, names: &self.names })
    }

    pub fn resolve(&self, text: &str) -> Result<Resolved> {
        let Statement::Query(relation) = (Sql { zone: self.zone }).statement(text)? else { panic!("a query") };
        self.resolve_tree(&relation)
    }

    pub fn rows(&self, resolved: &Resolved) -> Result<Vec<RecordBatch>> {
        let finished = finish(resolved, &self.env)?;
        let batch = Batch { cancel: Cancel::default(), ..Batch::default() };
        let pass = finished.pass(Arc::new(batch), Inputs::new())?;
        let mut batches = Vec::new();
        let lanes: Vec<_> = (0..pass.lanes())
            .map(|lane| self.env.runtime.io().spawn(pass.lane_stream(lane).unwrap().try_collect::<Vec<_>>()))
            .collect();
        for lane in lanes {
            batches.extend(self.env.runtime.block_on(lane).unwrap()?);
        }
        Ok(batches)
    }

    /// `name: type` of each column, then each row, or the condition of the error.
    pub fn show(&self, text: &str) -> String {
        let resolved = match self.resolve(text) {
            Ok(resolved) => resolved,
            Err(error) => return shown(&error),
        };
        let mut out: Vec<_> =
            resolved.output.iter().map(|a| format!("{}: {}", a.name, simple_name(&a.data_type))).collect();
        out = vec![out.join(", ")];
        match self.rows(&resolved) {
            Ok(batches) => {
                for batch in batches {
                    let columns: Vec<_> = batch
                        .columns()
                        .iter()
                        .map(|c| to_strings(c.as_ref(), self.zone, Style::Cast).unwrap())
                        .collect();
                    for row in 0..batch.num_rows() {
                        let mut line = String::new();
                        for (i, column) in columns.iter().enumerate() {
                            let comma = if i == 0 { "" } else { "|" };
                            let valid = arrow::array::Array::is_valid(column, row);
                            write!(line, "{comma}{}", if valid { column.value(row) } else { "NULL" }).unwrap();
                        }
                        out.push(line);
                    }
                }
            }
            Err(error) => out.push(shown(&error)),
        }
        out.join("\n")
    }
}

fn shown(error: &Error) -> String {
    match error.condition() {
        Some(condition) => format!("{} {:?}", condition.name, error.parameters()),
        None => format!("{error:?}"),
    }
}

#[test]
fn an_error_behind_or_and_and_case_is_not_raised_on_rows_that_do_not_get_there() {
    let engine = Engine::new();
    assert_eq!(engine.show("SELECT id = 0 OR 10 / id > 4 AS x FROM range(4)"), "x: boolean\ntrue\ntrue\ntrue\nfalse");
    assert_eq!(engine.show("SELECT id FROM range(4) WHERE id <> 0 AND 10 / id > 4"), "id: bigint\n1\n2");
    let case = engine.show("SELECT CASE WHEN id = 0 THEN true ELSE 1 / id > 0.4 END AS x FROM range(4)");
    assert_eq!(case, "x: boolean\ntrue\ntrue\ntrue\nfalse");
}

#[test]
fn nan_and_minus_zero_are_one_value_each_in_groups_and_comparisons() {
    let engine = Engine::new();
    let rows = "VALUES (double('NaN')), (-double('NaN')), (0e0), (-0e0), (null) AS t(d)";
    let grouped = engine.show(&format!("SELECT d, count(*) AS n FROM {rows} GROUP BY d ORDER BY d"));
    assert_eq!(grouped, "d: double, n: bigint\nNULL|1\n0.0|2\nNaN|2");
    let distinct = engine.show(&format!("SELECT DISTINCT d FROM {rows} ORDER BY d DESC"));
    assert_eq!(distinct, "d: double\nNaN\n0.0\nNULL");
}

#[test]
fn a_frame_joined_with_itself_keeps_two_sides() {
    let engine = Engine::new();
    let frame = Arc::new(engine.resolve("SELECT id AS x FROM range(3)").unwrap());
    let x = Expr::Attribute(frame.output[0].id, "x".into());
    let same = Relation::Join {
        left: Box::new(Relation::Resolved(Arc::clone(&frame))),
        right: Box::new(Relation::Resolved(Arc::clone(&frame))),
        kind: JoinKind::Inner,
        on: JoinOn::Expr(Expr::operator("=", vec![x.clone(), x.clone()])),
    };
    let joined = engine.resolve_tree(&same).unwrap();
    assert_ne!(joined.output[0].id, joined.output[1].id);
    assert_eq!(engine.rows(&joined).unwrap().iter().map(RecordBatch::num_rows).sum::<usize>(), 3);
    let doubled = Relation::Union {
        inputs: vec![Relation::Resolved(Arc::clone(&frame)), Relation::Resolved(frame)],
        by_name: false,
        allow_missing: false,
    };
    let doubled = engine.resolve_tree(&doubled).unwrap();
    assert_eq!(engine.rows(&doubled).unwrap().iter().map(RecordBatch::num_rows).sum::<usize>(), 6);
}

#[test]
fn order_by_names_what_the_select_list_left_out() {
    let engine = Engine::new();
    assert_eq!(engine.show("SELECT a AS b FROM VALUES (1, 9), (2, 3) AS t(a, c) ORDER BY c"), "b: int\n2\n1");
    let grouped =
        engine.show("SELECT s FROM VALUES (1, 'x'), (3, 'x'), (5, 'y') AS t(a, s) GROUP BY s ORDER BY sum(a) DESC, s");
    assert_eq!(grouped, "s: string\ny\nx");
}

#[test]
fn a_name_that_means_two_columns_says_which() {
    let engine = Engine::new();
    let error = engine.resolve("SELECT id FROM range(2) a JOIN range(2) b ON a.id = b.id").unwrap_err();
    assert_eq!(error.condition().unwrap().name, "AMBIGUOUS_REFERENCE");
    assert_eq!(
        error.parameters(),
        [("name", "`id`".to_owned()), ("referenceNames", "[`a`.`id`, `b`.`id`]".to_owned())]
    );
    let error = engine.resolve("SELECT idd FROM range(2)").unwrap_err();
    assert_eq!(error.parameters(), [("objectName", "`idd`".to_owned()), ("proposal", "`id`".to_owned())]);
}

#[test]
fn aggregates_that_look_at_the_order_see_the_lanes_in_their_order() {
    let engine = Engine::new();
    let rows = "VALUES (1, 'a'), (2, 'b'), (3, 'a'), (4, 'b'), (5, 'a') AS t(i, k)";
    for _ in 0..20 {
        let all =
            engine.show(&format!("SELECT first(i) f, last(i) l, collect_list(i) c, listagg(k, '') s FROM {rows}"));
        assert_eq!(all, "f: int, l: int, c: array<int>, s: string\n1|5|[1, 2, 3, 4, 5]|ababa");
        let grouped = engine.show(&format!("SELECT k, collect_list(i) c FROM {rows} GROUP BY k ORDER BY k"));
        assert_eq!(grouped, "k: string, c: array<int>\na|[1, 3, 5]\nb|[2, 4]");
        let sorted =
            engine.show(&format!("SELECT collect_list(i) c FROM (SELECT * FROM {rows} ORDER BY k DESC, i DESC)"));
        assert_eq!(sorted, "c: array<int>\n[4, 2, 5, 3, 1]");
    }
}

#[test]
fn the_greatest_struct_is_found_though_fields_are_null() {
    let engine = Engine::new();
    let rows = "VALUES (1, 'a'), (null, 'z'), (4, null), (4, 'b') AS t(i, k)";
    let found = engine.show(&format!("SELECT max(struct(i, k)) g, min(struct(i, k)) l, max_by(k, i) b FROM {rows}"));
    assert_eq!(found, "g: struct<i:int,k:string>, l: struct<i:int,k:string>, b: string\n{4, b}|{null, z}|b");
}

#[test]
fn a_query_in_an_expression_is_a_value_or_a_condition() {
    let engine = Engine::new();
    let (t, u) =
        ("VALUES (1, 'x'), (2, 'y'), (3, null) AS t(a, k)", "VALUES ('x', 10), ('x', 20), (null, 30) AS u(k, n)");
    let show = |text: &str| engine.show(&text.replace("$t", t).replace("$u", u));
    assert_eq!(show("SELECT a FROM $t WHERE a = (SELECT max(a) FROM $t)"), "a: int\n3");
    assert_eq!(show("SELECT a FROM $t WHERE k IN (SELECT k FROM $u)"), "a: int\n1");
    assert_eq!(show("SELECT a FROM $t WHERE k NOT IN (SELECT k FROM $u)"), "a: int", "a null is among them");
    assert_eq!(show("SELECT a FROM $t WHERE NOT EXISTS (SELECT 1 FROM $u WHERE u.k = t.k) ORDER BY a"), "a: int\n2\n3");
    let sums = show("SELECT a, (SELECT sum(n) FROM $u WHERE u.k = t.k) AS s FROM $t ORDER BY a");
    assert_eq!(sums, "a: int, s: bigint\n1|30\n2|NULL\n3|NULL");
    let counts = show("SELECT a, (SELECT count(*) FROM $u WHERE u.k = t.k) AS s FROM $t ORDER BY a");
    assert_eq!(counts, "a: int, s: bigint\n1|2\n2|0\n3|0");
    assert!(show("SELECT (SELECT n FROM $u)").contains("SCALAR_SUBQUERY_TOO_MANY_ROWS"));
    assert!(show("SELECT (SELECT k, n FROM $u)").contains("SCALAR_SUBQUERY_RETURN_MORE_THAN_ONE_OUTPUT_COLUMN"));
}

#[test]
fn windows_have_names_and_qualify_filters_by_them() {
    let engine = Engine::new();
    let rows = "VALUES ('a', 1), ('a', 2), ('b', 3) AS t(k, v)";
    let named =
        engine.show(&format!("SELECT k, sum(v) OVER w AS s FROM {rows} WINDOW w AS (PARTITION BY k) ORDER BY k, v"));
    assert_eq!(named, "k: string, s: bigint\na|3\na|3\nb|3");
    let qualified = engine.show(&format!(
        "SELECT k, v FROM {rows} QUALIFY row_number() OVER (PARTITION BY k ORDER BY v DESC) = 1 ORDER BY k"
    ));
    assert_eq!(qualified, "k: string, v: int\na|2\nb|3");
    assert!(engine.show(&format!("SELECT sum(v) OVER nope FROM {rows}")).contains("MISSING_WINDOW_SPECIFICATION"));
}

#[test]
fn div_binds_as_tightly_as_times() {
    assert_eq!(Engine::new().show("SELECT 7 div 2 + 1 AS a, 10 - 7 div 2 * 2 AS b"), "a: bigint, b: bigint\n4|4");
}

#[test]
fn rows_lie_in_lanes_as_the_user_says() {
    let engine = Engine::new();
    let frame = engine.resolve("SELECT id FROM range(0, 20, 1, 5)").unwrap();
    let lanes = |build: &dyn Fn(Box<Relation>) -> Relation| -> Vec<usize> {
        let input = Box::new(Relation::Resolved(Arc::new(frame.clone())));
        let finished = finish(&engine.resolve_tree(&build(input)).unwrap(), &engine.env).unwrap();
        let pass = finished.pass(Arc::new(Batch::default()), Inputs::new()).unwrap();
        let lanes: Vec<_> = (0..pass.lanes())
            .map(|lane| engine.env.runtime.io().spawn(pass.lane_stream(lane).unwrap().try_collect::<Vec<_>>()))
            .collect();
        let rows = lanes.into_iter().map(|lane| engine.env.runtime.block_on(lane).unwrap().unwrap());
        rows.map(|batches| batches.iter().map(RecordBatch::num_rows).sum()).collect()
    };
    assert_eq!(lanes(&|input| Relation::Coalesce { input, partitions: 1 }), [20]);
    assert_eq!(lanes(&|input| Relation::Repartition { input, partitions: Some(4), by: Vec::new() }), [5, 5, 5, 5]);
    let order = vec![Expr::operator("%", vec![Expr::column(["id"]), Expr::Literal(2_i64.into())])];
    let ranges = |input| Relation::RepartitionByRange { input, partitions: 3, order: order.clone() };
    assert_eq!(lanes(&ranges), [10, 10, 0], "equal values stay together");
    let sorted = |input| Relation::Coalesce {
        input: Box::new(Relation::Sort { input, order: vec![Expr::column(["id"])], global: true }),
        partitions: 1,
    };
    assert_eq!(lanes(&sorted), [20]);
    let text = finish(
        &engine.resolve_tree(&sorted(Box::new(Relation::Resolved(Arc::new(frame.clone()))))).unwrap(),
        &engine.env,
    );
    assert!(text.unwrap().explain().1.contains("SortExec"), "a sort below coalesce stays");
}

#[test]
fn a_hint_about_partitions_is_refused_and_one_about_joins_is_not() {
    let engine = Engine::new();
    assert_eq!(engine.show("SELECT /*+ BROADCAST(t), MERGE(t) */ id FROM range(1) t"), "id: bigint\n0");
    let error = engine.resolve("SELECT /*+ COALESCE(1) */ id FROM range(1)").unwrap_err();
    assert!(error.to_string().contains("COALESCE"), "{error}");
}
