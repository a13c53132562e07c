//! Who may do what, and from where.

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use resque_web::{Access, Dashboard, Role};

use super::pages::pages;
use crate::harness::{Look, Site, Store, browse, fill, serve, wait};

/// The address of a page, with a login in it.
fn as_user(user: &str, password: &str, address: &str) -> String {
    address.replace("http://", &format!("http://{user}:{password}@"))
}

fn guarded(dashboard: Dashboard) -> Dashboard {
    let access = Access::basic("ada", "correct-horse");
    dashboard.access(access.and_basic("grace", "battery-staple", Role::ReadOnly))
}

#[test]
fn a_login_opens_the_pages_and_their_forms_work() {
    let site = Site::with(Store::Memory, guarded);
    browse(|tab| {
        tab.expect("401");
        assert_eq!(tab.open(&site.at("/overview")).status, 401);
        assert_eq!(
            tab.open(&as_user("ada", "wrong", &site.at("/overview")))
                .status,
            401
        );
        let loaded = tab.open(&as_user("ada", "correct-horse", &site.at("/overview")));
        assert_eq!(loaded.status, 200);
        tab.press("main", "Pause all workers");
        assert!(wait(site.client.is_paused()).unwrap());
        assert!(tab.text(".login").contains("ada"));
    });
}

#[test]
fn who_may_only_read_sees_no_button_and_posts_nothing() {
    let site = Site::with(Store::Memory, guarded);
    wait(fill(&site.client));
    browse(|tab| {
        Look::Light.put_on(tab);
        tab.expect("403");
        tab.open(&as_user("grace", "battery-staple", &site.at("/overview")));
        assert!(tab.text("header").contains("read only"));
        for (name, address) in pages(&site) {
            assert_eq!(tab.open(&address).status, 200, "{name}");
            assert_eq!(tab.count("form[method=post], details.sure"), 0, "{name}");
            assert_eq!(tab.count("input[name=csrf]"), 0, "{name}");
            tab.picture(&format!("read-only-{name}"));
        }
        // What no button does, a script on the page might.
        tab.run(
            "fetch('/pause', {method: 'POST', body: new URLSearchParams({csrf: 'x', back: '/'})})\
             .then((answer) => { window.answered = answer.status; });",
            &[],
        );
        tab.until("window.answered");
        assert_eq!(tab.run("return window.answered", &[]), 403);
        assert!(!wait(site.client.is_paused()).unwrap());
    });
}

#[test]
fn a_form_of_another_site_changes_nothing() {
    let site = Site::on(Store::Memory);
    wait(site.client.create_job("low", "Archive", [1])).unwrap();
    let (pause, remove) = (site.at("/pause"), site.at("/queue/remove"));
    let page = format!(
        "<!doctype html><title>Win</title><form method=post action=\"{pause}\">\
         <button id=pause>Win</button></form><form method=post action=\"{remove}\">\
         <input name=queue value=low><input name=back value=/><button id=remove>Win</button></form>"
    );
    let foreign = serve(Router::new().route("/", get(async move || Html(page))));
    browse(|tab| {
        tab.expect("403");
        tab.expect("favicon");
        // The browser has looked at the dashboard and has its cookie.
        tab.open(&site.at("/queue?name=low"));
        // Another port is another origin of the same site, another name is another site too.
        for origin in [foreign.clone(), foreign.replace("127.0.0.1", "localhost")] {
            for button in ["#pause", "#remove"] {
                tab.open(&origin);
                tab.click(button);
                tab.until("document.title !== 'Win'");
                assert!(tab.address().starts_with(&site.at("/")));
            }
        }
        assert!(!wait(site.client.is_paused()).unwrap());
        assert_eq!(wait(site.client.size("low")).unwrap(), 1);
        // Nor can it show the page in a frame of its own.
        let frame = format!(
            "const frame = document.createElement('iframe'); frame.src = '{}'; \
             frame.onload = () => {{ window.framed = true; }}; document.body.append(frame);",
            site.at("/overview")
        );
        tab.expect("frame");
        tab.open(&foreign);
        tab.run(&frame, &[]);
        tab.until("window.framed");
        let inside = "try { return frames[0].location.href; } catch { return 'refused'; }";
        assert_eq!(tab.run(inside, &[]), "refused");
    });
}

#[test]
fn the_dashboard_lives_behind_a_prefix_and_in_another_application() {
    let client = Site::on(Store::Memory).client.clone();
    let nested = Dashboard::new(client.clone()).into_router();
    let application = serve(Router::new().nest("/admin/jobs", nested));
    let proxied = Site::with(Store::Memory, |dashboard| {
        dashboard.base_path("/admin/jobs").unwrap()
    });
    let proxied = (proxied.at(""), proxied.client);
    browse(|tab| {
        Look::Light.put_on(tab);
        for (address, client) in [(application, client), proxied] {
            wait(client.create_job("low", "Archive", [1])).unwrap();
            let loaded = tab.open(&format!("{address}/admin/jobs/overview"));
            assert_eq!(loaded.status, 200);
            let prefix = format!("{address}/admin/jobs/");
            assert!(
                loaded.requests.iter().all(|url| url.starts_with(&prefix)),
                "{loaded:?}"
            );
            tab.click("tbody a");
            tab.press("main", "Stop");
            assert!(wait(client.is_stopped("low")).unwrap());
            assert!(tab.address().starts_with(&prefix), "{}", tab.address());
            tab.until("document.querySelector('[data-pause]').textContent.trim() === 'Live'");
            wait(client.create_job("low", "Archive", [2])).unwrap();
            tab.until("document.querySelectorAll('tbody tr').length === 2");
            tab.keys("gw");
            tab.until("location.pathname === '/admin/jobs/working'");
        }
    });
}
