"""What the centre decides about itself and about who works here, one room each."""

from fastapi import APIRouter

from api.settings import accounts, answer, centre, checked, drill, front, services

router = APIRouter()
for room in (front, centre, checked, answer, services, drill, accounts):
    router.include_router(room.router)
