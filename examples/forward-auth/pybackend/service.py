# SPDX-License-Identifier: MIT
"""A FastAPI service: the chance that an applicant is admitted, and an echo of every other request."""
import math
import socket

from fastapi import FastAPI, Request
from pydantic import BaseModel, Field

app = FastAPI()

# Log-odds of admission: a point of each scale, with 0 at an average applicant.
WEIGHT_TEST = 0.004
WEIGHT_GRADE = 1.1
WEIGHT_RANK = -0.6
AVERAGE = {"test": 580.0, "grade": 3.3, "rank": 2.5}


class Applicant(BaseModel):
    test: float = Field(ge=0, le=800)
    grade: float = Field(ge=0, le=4)
    rank: int = Field(ge=1, le=4, description="of the school: 1 is the best")


@app.post("/admission")
def admission(applicant: Applicant):
    odds = (
        WEIGHT_TEST * (applicant.test - AVERAGE["test"])
        + WEIGHT_GRADE * (applicant.grade - AVERAGE["grade"])
        + WEIGHT_RANK * (applicant.rank - AVERAGE["rank"])
    )
    chance = 1 / (1 + math.exp(-odds))
    return {"service": "pybackend", "chance": round(chance, 6), "admitted": chance >= 0.5}


@app.get("/{path:path}")
def echo(request: Request):
    """What arrived here, so that one can see what the router changed. Header names are in lower case, as ASGI has them."""
    return {
        "service": "pybackend",
        "container": socket.gethostname(),
        "method": request.method,
        "path": request.url.path,
        "query": request.url.query,
        "headers": dict(request.headers),
    }
