//! One operation of the Rust crates that Ostinato descends from: `main CASE` prints `{"min": …, "median": …}` in ns.
use metrics::{counter, gauge, histogram};
use metrics_exporter_prometheus::PrometheusBuilder;
use metrics_util::storage::AtomicBucket;
use std::hint::black_box;
use std::time::Instant;

const REPEATS: usize = 60;
const HANDLES: usize = 64;

fn measure(mut op: impl FnMut(usize)) -> (f64, f64) {
    op(100_000);
    let mut batch = 1_000;
    loop {
        let start = Instant::now();
        op(batch);
        if start.elapsed().as_micros() > 4_000 {
            break;
        }
        batch *= 2;
    }
    let mut nanos: Vec<f64> = (0..REPEATS)
        .map(|_| {
            let start = Instant::now();
            op(batch);
            start.elapsed().as_nanos() as f64 / batch as f64
        })
        .collect();
    nanos.sort_by(f64::total_cmp);
    (nanos[0], nanos[REPEATS / 2])
}

fn main() {
    let case = std::env::args().nth(1).expect("a case");
    if case != "noop" {
        PrometheusBuilder::new().install_recorder().expect("no recorder yet");
    }
    let routes: Vec<String> = (0..100).map(|i| format!("/route/{i}")).collect();
    let label = |i: usize| routes[i].clone();
    let (min, median) = match case.as_str() {
        "noop" => {
            let c = counter!("c");
            measure(|n| (0..n).for_each(|_| black_box(&c).increment(1)))
        }
        "counter" => {
            let c = counter!("c");
            measure(|n| (0..n).for_each(|_| black_box(&c).increment(1)))
        }
        "counters" => {
            let all: Vec<_> = (0..HANDLES).map(|i| counter!("c", "i" => label(i))).collect();
            measure(|n| (0..n).for_each(|i| black_box(&all[i & (HANDLES - 1)]).increment(1)))
        }
        "gauges" => {
            let all: Vec<_> = (0..HANDLES).map(|i| gauge!("g", "i" => label(i))).collect();
            measure(|n| (0..n).for_each(|i| black_box(&all[i & (HANDLES - 1)]).set(i as f64)))
        }
        "histogram" => {
            // As an exporter would, something empties the bucket now and then.
            let bucket = AtomicBucket::new();
            let mut pushed = 0_usize;
            measure(|n| {
                for i in 0..n {
                    bucket.push(black_box((i & 1023) as f64 + 0.5));
                    pushed += 1;
                    if pushed & 65_535 == 0 {
                        bucket.clear_with(|block| {
                            black_box(block.len());
                        });
                    }
                }
            })
        }
        "histograms" => {
            let buckets: Vec<AtomicBucket<f64>> = (0..HANDLES).map(|_| AtomicBucket::new()).collect();
            let mut pushed = 0_usize;
            measure(|n| {
                for i in 0..n {
                    buckets[i & (HANDLES - 1)].push(black_box(((i + (i >> 6)) & 1023) as f64 + 0.5));
                    pushed += 1;
                    if pushed & 65_535 == 0 {
                        for bucket in &buckets {
                            bucket.clear_with(|block| {
                                black_box(block.len());
                            });
                        }
                    }
                }
            })
        }
        "macro, static labels" => measure(|n| {
            (0..n).for_each(|_| {
                counter!("c", "method" => "GET", "route" => "/route", "status" => "200").increment(1)
            })
        }),
        "macro, dynamic labels" => measure(|n| {
            (0..n).for_each(|i| {
                counter!("c", "method" => "GET", "route" => label(i % 100), "status" => "200").increment(1)
            })
        }),
        other => panic!("no case {other}"),
    };
    println!("{{\"min\":{min},\"median\":{median}}}");
}
