# SPDX-License-Identifier: MIT
# An R service on Rserve's own HTTP server: a logistic regression, fitted when it starts, answers POST /admission;
# a GET is echoed. Rserve forks a child for each connection, and the child inherits the fitted model.

library(Rserve)
library(jsonlite)

# Past applicants: every combination of test, grade and rank, admitted when a made-up merit beats a made-up luck that
# is spread evenly. No random numbers, so every start fits the same model.
applicants <- expand.grid(test = seq(300, 800, by = 50), grade = seq(2, 4, by = 0.25), rank = 1:4)
merit <- with(applicants, 0.005 * (test - 580) + 1.3 * (grade - 3.3) - 0.6 * (rank - 2.5))
luck <- (seq_along(merit) * 0.6180339887) %% 1
applicants$admitted <- plogis(merit) > luck
model <- glm(admitted ~ test + grade + rank, family = binomial, data = applicants)

answer <- function(status, value)
    list(toJSON(value, auto_unbox = TRUE, digits = 6), "application/json", character(0), status)

# Rserve hands the header lines over as one raw vector.
header_list <- function(headers) {
    lines <- strsplit(rawToChar(headers), "\r?\n")[[1]]
    lines <- lines[grepl("^[^ :]+:", lines)]
    as.list(setNames(trimws(sub("^[^:]+:", "", lines)), tolower(sub(":.*", "", lines))))
}

# body is a raw vector, or NULL when the request has none. The method is in the pseudo header Rserve adds.
admission <- function(body) {
    applicant <- tryCatch(fromJSON(rawToChar(body)), error = function(e) NULL)
    wanted <- c("test", "grade", "rank")
    if (!is.list(applicant) || !all(wanted %in% names(applicant)) || !all(sapply(applicant[wanted], is.numeric)))
        return(answer(422L, list(error = "a JSON object with the numbers test, grade and rank is expected")))
    chance <- unname(predict(model, as.data.frame(applicant[wanted]), type = "response"))
    answer(200L, list(service = "rbackend", chance = chance, admitted = chance >= 0.5))
}

.http.request <- function(path, query, body, headers) {
    seen <- header_list(headers)
    method <- if (is.null(seen[["request-method"]])) "GET" else seen[["request-method"]]
    if (path == "/admission" && method == "POST")
        return(admission(body))
    if (method != "GET")
        return(answer(405L, list(error = "only GET, and POST /admission")))
    seen[["request-method"]] <- NULL
    answer(200L, list(service = "rbackend", container = unname(Sys.info()["nodename"]), method = method, path = path,
                      query = if (is.null(query)) "" else paste(names(query), query, sep = "=", collapse = "&"),
                      headers = seen))
}

run.Rserve(http.port = 8000, http.raw.body = TRUE, remote = TRUE, qap = FALSE)
