"""`python -m mentorwatch` is `mentorwatch`."""

from mentorwatch.cli import main

main()
