"""Tools of technicians: offers, jobs, availability, prices, earnings."""
