"""Courses, their lessons and who comes."""

from fastapi import APIRouter

router = APIRouter()
