/* SPDX-License-Identifier: MIT */
/* dashboard - the files of dashboard/ as bytes; defined by the source that embed.cmake writes. */
#pragma once
#include <stddef.h>

extern const unsigned char dashboard_index_html[], dashboard_dashboard_css[], dashboard_dashboard_js[], dashboard_flow_js[];
extern const size_t dashboard_index_html_len, dashboard_dashboard_css_len, dashboard_dashboard_js_len, dashboard_flow_js_len;
extern const unsigned char dashboard_containers_js[], dashboard_containers_css[];
extern const size_t dashboard_containers_js_len, dashboard_containers_css_len;
extern const unsigned char dashboard_explain_js[], dashboard_explain_css[];
extern const size_t dashboard_explain_js_len, dashboard_explain_css_len;
