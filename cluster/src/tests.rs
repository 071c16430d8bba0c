mod cluster_of_one;
mod leading;
mod suite;
mod three;
