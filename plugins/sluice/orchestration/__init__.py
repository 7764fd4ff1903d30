"""What Sluice adds to Airflow: a timetable, triggers, sensors and operators."""
