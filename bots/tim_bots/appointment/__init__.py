"""Appointments: free times from opening hours, a short German dialogue, bookings that cannot collide."""
